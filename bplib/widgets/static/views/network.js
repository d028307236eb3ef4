// The view `network`: units with z, a and δ, edges as wide as a weight or its gradient. Step through forward,
// backward and update, for one sample or an epoch; move a weight and see what its gradient predicts.
import { html, setAttr, setText, uniqueId } from "../dom.js";
import { anatomyOf } from "../network/anatomy.js";
import { choicesOf } from "../network/choices.js";
import { panelOf } from "../network/panel.js";
import { knownAfter, stepsOf } from "../network/passes.js";
import { pictureOf } from "../network/picture.js";
import { tableOf } from "../network/table.js";
import { sentencesOf } from "../network/words.js";
import { bubble } from "../parts/bubble.js";
import { player } from "../parts/player.js";
import { samplesOf } from "../samples.js";
import { say } from "../say.js";
import { walker } from "../walk.js";
import { fill, words } from "../words.js";

const PLAY = 1100; // ms a step
const LONGEST = "−0.0888888"; // a number that is as long as they come
const NUMBER = /(?<![\p{L}\d_.])−?\d[\d.]*(e−?\d+)?(?![\p{L}_])/gu; // and is no part of a name

export const mount = (el, store, spec) => {
  const anatomy = anatomyOf(store, spec);
  const { depth, top } = anatomy;
  const samples = samplesOf(store);
  const { count } = samples;
  const updates = store.params.length > 0;
  const sentences = sentencesOf(store, anatomy, count);

  let shown = "weights"; // on the edges
  let whole = false; // an epoch, or one sample
  let steps = stepsOf(depth, 0, updates);
  let moved = [[], []]; // the inputs around the last update
  let picked = null; // what is read: a unit, a parameter, "loss", or the node of an input
  let closed; // the step whose words the reader has closed
  let down = null; // whether the picture goes down

  // It opens before the first step, so that a reader can say what will come.
  const stepper = player({
    steps: () => steps, taken: 0, interval: PLAY,
    take({ phase, row }) {
      if (phase !== "update") return row !== undefined && row !== samples.present() && !!samples.select(row);
      const before = store.inputs;
      const fault = (whole ? samples : store).step();
      moved = [before, store.inputs];
      return !!fault;
    },
    onchange() {
      picked = null;
      closed = undefined;
      store.changed();
    },
  });
  const restart = () => stepper.goTo(stepper.taken === null ? null : 0);

  // All samples at the present parameters, found again when something has moved.
  let [epoch, epochAt] = [null, null];
  const ofEpoch = () => {
    if (epochAt !== store.inputs) [epoch, epochAt] = [samples.all(), store.inputs];
    return epoch;
  };
  // What is known and shown: found once for every change, and the same for all parts.
  const momentOf = () => {
    const known = knownAfter(stepper.current, stepper.taken, depth, count);
    // The gradients of a parameter so far, each with its share of the mean: the mean, once all are in.
    const part = ({ node, unit }) =>
      ofEpoch().back[node].slice(0, known.rows(unit.layer)).reduce((a, b) => a + b, 0) / count;
    const gradientOf = (p) => {
      if (whole) return known.rows(p.unit.layer) ? part(p) : null;
      return known.gradient(p.unit.layer) ? store.grads[p.node] : null;
    };
    const numberOf = (p) => (shown === "weights" ? store.values[p.node] : gradientOf(p));
    const largest = Math.max(0, ...anatomy.params.map((p) => Math.abs(numberOf(p))));
    const step = stepper.current;
    return { ...known, step, whole, count, shown, picked, chosen: panel.chosen, part, gradientOf, numberOf, largest };
  };

  // Update waits for the gradients of all layers, in an epoch of all samples; after it nothing is known again.
  const ready = () => stepper.taken === null || stepper.taken === steps.length - 1;
  const waiting = () =>
    ready() ? words.network.ready
      : stepper.current?.phase === "update" ? words.network.stale
      : whole ? fill(words.network.waitsForSamples, { n: count })
      : words.network.waits;
  const update = () => (ready() ? stepper.next("update") : store.say(waiting()));
  const phases = {
    forward: stepper.button(words.steps.forward, words.network.forwardTitle, () => stepper.next("forward")),
    backward: stepper.button(words.steps.backward, words.network.backwardTitle, () => stepper.next("backward")),
    ...(updates ? { update: stepper.button(words.network.update, words.network.updateTitle, update) } : {}),
  };
  const buttons = stepper.group(
    words.steps.label, ...Object.values(phases), stepper.playButton(words.steps.play, words.network.playTitle),
    stepper.button(words.steps.all, words.steps.allTitle, () => stepper.goTo(null)),
  );
  // It says why Update can't be pressed, and stays in the Tab order with it.
  const waits = html("p", { class: "bp-note", id: uniqueId("state") });
  if (updates) setAttr(phases.update, "aria-describedby", waits.id);
  const showButtons = () => {
    for (const phase in phases) setAttr(phases[phase], "aria-current", stepper.current?.phase === phase ? "step" : null);
    if (!updates) return;
    setText(waits, waiting());
    setAttr(phases.update, "aria-disabled", ready() ? null : "true");
  };

  const choices = choicesOf(samples, {
    onshow(what) {
      shown = what;
      store.changed();
    },
    onsteps(chosen) {
      whole = chosen === "epoch";
      steps = stepsOf(depth, whole ? count : 0, updates);
      stepper.pause();
      restart();
    },
    onsample: restart,
  });
  const table = tableOf(store, anatomy, count);
  const panel = panelOf(store, anatomy);
  const onchoose = (p) => (store.control(p.n) ? (byPointer = false) => panel.choose(p, byPointer) : undefined);
  const close = () => {
    picked = null;
    closed = stepper.current;
    store.changed();
  };
  const walk = walker((key) => {
    picked = key;
    store.changed();
  }, close);
  buttons.addEventListener("keydown", (event) => event.key === "Escape" && close());
  const picture = pictureOf(store, anatomy, walk, onchoose);

  const canvas = html("div", { class: "bp-canvas" });
  const reading = html("p", { class: "bp-reading" });
  const reserve = html("div", { class: "bp-reserve", "aria-hidden": "true" }); // has the longest words, unseen
  // The slider stands beside what it moves: the weight above it, the bars below.
  const [weight, bars] = panel.chosen ? [[panel.weight], [panel.element]] : [[], []];
  const columns = html(
    "div", { class: "bp-columns" }, html("div", { class: "bp-drawing" }, canvas, ...weight),
    html("div", { class: "bp-told" }, reading, reserve), ...bars, table.element,
  );
  el.append(html("div", { class: "bp-bar" }, choices.element, buttons), ...(updates ? [waits] : []), columns);

  // What is read stands as a bubble at its part. The words of a step are long: they have their place below the picture,
  // and only one that goes down, as on a phone, has them in it; they cover what comes after the step.
  const hint = panel.chosen ? words.network.pointAndClick : words.network.point;
  const { at, rest } = bubble(reading, el, canvas);
  const losses = () => (whole ? ofEpoch().run[top] : null);
  const pickedWords = (now) =>
    picked === "loss" ? (now.value(depth + 1) ? sentences.loss(losses()) : [words.steps.notYet])
      : typeof picked === "number" ? sentences.input(picked, now)
      : picked.unit ? sentences.edge(picked, now, whole && now.part(picked))
      : sentences.unit(picked, now);
  const stepWords = (step) =>
    step.phase === "update" ? sentences.update(moved, whole) : sentences.step(step, losses());
  const partsOf = (step) => {
    if (picked !== null) return [walk.part(picked)];
    if (!step || !down) return [];
    if (step.phase === "update") return [phases.update];
    return step.layer > depth ? [walk.part("loss")] : anatomy.layer(step.layer).map(walk.part);
  };
  const read = (now) => {
    const step = down && stepper.current === closed ? undefined : stepper.current;
    setAttr(reading, "aria-live", step && picked === null ? "polite" : "off");
    say(reading, picked !== null ? pickedWords(now) : step ? stepWords(step) : [hint]);
    const parts = partsOf(step).filter(Boolean);
    if (parts.length) at(parts, picked === null && step.phase === "backward");
    else rest();
  };
  // Room for every sentence that is said there, of an epoch if there are samples, with numbers as long as they come.
  const reserveRoom = () => {
    const last = count ? ofEpoch().run[top] : null;
    const all = down ? [] : stepsOf(depth, 0, false).map((step) => sentences.step({ ...step, row: count ? 0 : undefined }, last));
    if (!down) all.push(sentences.update([store.inputs, store.inputs], count > 0));
    reserve.replaceChildren(...[[hint], ...all].map((sentence) => {
      const text = sentence.map((part) => (typeof part === "string" ? part : part[1])).join("");
      return html("p", {}, text.replace(NUMBER, LONGEST));
    }));
  };

  const show = () => {
    // After an update nothing but the weights is known. Whoever then moves something by hand begins again.
    if (stepper.current?.phase === "update" && store.inputs !== moved[1]) stepper.set(0);
    const now = momentOf();
    walk.update(now);
    showButtons();
    choices.show();
    table.show(now);
    panel.show(now);
    read(now);
  };
  let drawn = 0;
  const draw = () => {
    const room = canvas.clientWidth - 4;
    if (room <= 0 || drawn === room) return;
    drawn = room;
    const hadFocus = canvas.contains(document.activeElement);
    const { element, down: turned } = picture(room);
    canvas.replaceChildren(element);
    if (turned !== down) {
      down = turned;
      reserveRoom();
    }
    table.fold(!getComputedStyle(columns).gridTemplateColumns.includes(" "));
    if (hadFocus) walk.focus();
    show();
  };
  const resized = new ResizeObserver(draw);
  resized.observe(canvas);
  show(); // what the table has no use for is hidden before the picture takes the room that is left
  draw();
  const unsubscribe = store.subscribe(show);
  return () => {
    stepper.pause();
    unsubscribe();
    resized.disconnect();
  };
};
