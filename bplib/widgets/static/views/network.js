// The view `network`: units with z, a and δ, edges as wide as a weight or its gradient. Step through forward,
// backward and update, for one sample or an epoch; move a weight and see what its gradient predicts.
import { html } from "../dom.js";
import { anatomyOf } from "../network/anatomy.js";
import { choicesOf } from "../network/choices.js";
import { momentsOf } from "../network/moment.js";
import { panelOf } from "../network/panel.js";
import { stepsOf } from "../network/passes.js";
import { phasesOf } from "../network/phases.js";
import { pictureOf } from "../network/picture.js";
import { readingOf } from "../network/reading.js";
import { tableOf } from "../network/table.js";
import { sentencesOf } from "../network/words.js";
import { player } from "../parts/player.js";
import { onRoom } from "../parts/room.js";
import { samplesOf } from "../samples.js";
import { walker } from "../walk.js";
import { words } from "../words.js";

const PLAY = 1100; // ms a step

export const mount = (el, store, spec) => {
  const anatomy = anatomyOf(store, spec);
  const samples = samplesOf(store);
  const { count } = samples;
  const updates = store.params.length > 0;

  let shown = "weights"; // on the edges
  let whole = false; // an epoch, or one sample
  let steps = stepsOf(anatomy.depth, 0, updates);
  let moved = [[], []]; // the inputs around the last update
  let picked = null; // what is read: a unit, a parameter, "loss", or the node of an input
  let closed; // the step whose words the reader has closed
  let down = null; // whether the picture goes down

  // It opens before the first step, so that a reader can say what will come.
  const stepper = player({
    steps: () => steps, taken: store.passes === "done" ? null : 0, interval: PLAY,
    take({ phase, row }) {
      if (phase !== "update") return row !== undefined && row !== samples.present() && !!samples.select(row);
      const before = store.inputs;
      const fault = (whole ? samples : store).step();
      moved = [before, store.inputs];
      return !!fault;
    },
    onchange() {
      const after = steps[stepper.taken]?.phase ?? "update";
      if (stepper.current?.phase === "backward" && after === "update") store.note("walked");
      read(null);
    },
  });
  // Reads a part, or nothing; `but` is a step that is then not read either.
  const read = (key, but) => {
    [picked, closed] = [key, but];
    store.changed();
  };
  const close = () => read(null, stepper.current);
  const restart = () => stepper.goTo(stepper.taken === null ? null : 0);

  const phases = phasesOf(store, stepper, updates, count);
  const choices = choicesOf(samples, {
    onshow(what) {
      shown = what;
      store.changed();
    },
    onsteps(chosen) {
      whole = chosen === "epoch";
      steps = stepsOf(anatomy.depth, whole ? count : 0, updates);
      stepper.pause();
      restart();
    },
    onsample: restart,
  });
  const panel = panelOf(store, anatomy);
  const onchoose = (p) => (store.control(p.n) ? (byPointer = false) => panel.choose(p, byPointer) : undefined);
  const walk = walker((key) => {
    if (key !== null) store.note("read", key.node ?? key.a ?? (key === "loss" ? store.tape.output : key));
    read(key, closed);
  }, close);
  const picture = pictureOf(store, anatomy, walk, onchoose);
  const canvas = html("div", { class: "bp-canvas" });
  const reading = readingOf(store, anatomy, sentencesOf(store, anatomy, count), {
    host: el, canvas, partOf: walk.part, onclose: close,
    hint: (movable) => (movable && panel.chosen ? words.network.pointAndClick : words.network.point),
  });
  const table = tableOf(store, anatomy, count);
  // The slider stands beside what it moves: the weight above it, the bars below.
  const [weight, bars] = panel.chosen ? [[panel.weight], [panel.element]] : [[], []];
  const columns = html(
    "div", { class: "bp-columns" },
    html("div", { class: "bp-drawing" }, canvas, ...weight), reading.element, ...bars, table.element,
  );
  el.append(html("div", { class: "bp-bar" }, choices.element, phases.element), ...phases.reason, columns);

  const momentOf = momentsOf(store, anatomy, samples);
  const update = () => {
    // After an update nothing but the weights is known. Whoever then moves something by hand begins again.
    if (stepper.current?.phase === "update" && store.inputs !== moved[1]) stepper.set(0);
    const now = momentOf({
      taken: stepper.taken, step: stepper.current, complete: stepper.taken === null || stepper.taken === steps.length - 1,
      whole, shown, picked, closed, moved, chosen: panel.chosen,
    });
    walk.update(now);
    phases.show(now);
    choices.show();
    table.show(now);
    panel.show(now);
    reading.show(now, phases.buttons.update, down);
    return now;
  };
  let drawn = 0;
  const draw = () => {
    const room = canvas.clientWidth - 4;
    if (room <= 0 || drawn === room) return;
    drawn = room;
    const hadFocus = canvas.contains(document.activeElement);
    const before = down;
    const { element, ...plan } = picture(room);
    down = plan.down;
    canvas.replaceChildren(element);
    table.fold(!getComputedStyle(columns).gridTemplateColumns.includes(" "));
    if (hadFocus) walk.focus();
    const now = update();
    if (down !== before) reading.keep(now, down);
  };
  const unroom = onRoom(canvas, draw);
  update(); // what the table has no use for is hidden before the picture takes the room that is left
  draw();
  return store.subscribe(update, stepper.pause, reading.rest, unroom);
};
