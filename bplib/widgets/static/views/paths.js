// The view `paths`: k doublings n = n + n. One pass follows every path by recursion, the other takes each edge
// once in reverse order. Both are counted in steps along an edge, one a tick.
import { count } from "../count.js";
import { html, setAll, setAttr, setText, svg } from "../dom.js";
import { fmt } from "../format.js";
import { player } from "../parts/player.js";
import { onRoom } from "../parts/room.js";
import { fill, words } from "../words.js";

const TICK = 40; // ms
const HEIGHT = 54;

// Where recursion is at its visit number t, counted from 1 at the output, so after t - 1 steps: which edge it took on
// each level, and how often it has been at the end of a path before and with this visit.
export const visit = (k, t) => {
  const path = [];
  let [inside, below, ends] = [t - 1, 2 ** (k + 1) - 1, 0];
  while (inside > 0) {
    below = (below - 1) / 2;
    const second = inside > below;
    if (second) ends += (below + 1) / 2;
    inside -= second ? below + 1 : 1;
    path.push(second ? 1 : 0);
  }
  // Ends in what was begun to the left are counted; this visit may be one more.
  return { path, ends: ends + (path.length === k ? 1 : 0) };
};

const duration = (ms) => {
  const s = ms / 1000;
  const { seconds, minutes, hours, days } = words.paths;
  const [sentence, unit] = s < 90 ? [seconds, 1] : s < 5400 ? [minutes, 60] : s < 172800 ? [hours, 3600] : [days, 86400];
  return fill(sentence, { n: fmt(s / unit, 2) });
};

export const mount = (el, store, { depth }) => {
  let k = 0;
  let room = 0;
  let known = false; // whether the race was seen to its end at this k: before, how far each has to go is the question

  const lane = (title, total, gradient, edgesAt) => {
    const said = html("p", {});
    const number = html("span", { class: "bp-tally" });
    const grad = html("span", { class: "bp-grad" });
    const bar = html("div", { class: "bp-amount" });
    const picture = svg("svg", { role: "img", height: HEIGHT });
    let wires = [];
    said.append(html("strong", {}, title), " ", number, " ", grad);
    return {
      element: html("div", { class: "bp-route" }, said, html("div", { class: "bp-lane" }, bar), picture),
      total,
      draw() {
        const apart = (room - 24) / k;
        const x = (i) => 12 + i * apart;
        const r = Math.min(8, apart * 0.17); // where there is little room, two edges are not to look like a further node
        const bend = Math.min(20, 3 + apart * 0.3);
        setAttr(picture, "width", room);
        // wires[level][edge]; level 0 leads into the output, on the right.
        wires = Array.from({ length: k }, (_, level) =>
          [-1, 1].map((side) => svg("path", {
            class: "bp-wire", d: `M${x(k - 1 - level)} 24Q${x(k - level - 0.5)} ${24 + side * bend} ${x(k - level)} 24`,
          })));
        const nodes = Array.from({ length: k + 1 }, (_, i) => svg("circle", { class: "bp-box", cx: x(i), cy: 24, r }));
        picture.replaceChildren(
          ...wires.flat(), ...nodes,
          svg("text", { x: 12, y: 48, "text-anchor": "start" }, "x"),
          svg("text", { x: room - 12, y: 48, "text-anchor": "end" }, k > 1 ? `n${k}` : "n1"),
        );
      },
      show() {
        const all = total();
        const done = Math.min(stepper.taken ?? all, all);
        setText(number, fill(known ? words.paths.steps : words.paths.so, { done: count(done), all: count(all) }));
        setText(grad, fill(words.paths.gradient, { x: count(gradient(done)) }));
        bar.style.width = `${(100 * done) / all}%`;
        const lit = edgesAt(done);
        wires.forEach((pair, level) => pair.forEach((wire, edge) => wire.classList.toggle("bp-lit", lit(level, edge))));
        setAll(picture, { "aria-label": fill(words.paths.label, { k, title, tally: number.textContent }) });
      },
    };
  };
  const every = lane(words.paths.every, () => 2 ** (k + 1) - 2, (done) => visit(k, done + 1).ends, (done) => {
    if (done === 2 ** (k + 1) - 2) return () => true;
    const { path } = visit(k, done + 1);
    return (level, edge) => path[level] === edge;
  });
  // After both edges of a level its gradient is whole: twice that of the level before.
  const gradientAfter = (done) => (done < 2 * k - 1 ? 0 : 2 ** (k - 1) * (done - 2 * k + 2));
  const once = lane(words.paths.once, () => 2 * k, gradientAfter, (done) => (level, edge) => 2 * level + edge < done);

  const ended = () => (stepper.taken ?? every.total()) >= every.total();
  const stepper = player({
    steps: () => ({ length: every.total() }), interval: TICK, onchange: () => (ended() ? store.note("walked") : store.changed()),
  });
  const buttons = stepper.group(
    words.paths.race,
    stepper.playButton(words.paths.race, words.paths.raceTitle),
    stepper.button(words.paths.step, words.paths.stepTitle, () => stepper.next()),
    stepper.button(words.paths.end, words.paths.endTitle, () => stepper.goTo(null)),
  );
  const pace = html("p", { class: "bp-reading" });
  const legend = html("p", { class: "bp-legend" }, words.paths.title);
  el.append(html("div", { class: "bp-bar" }, legend, buttons), every.element, once.element, pace);

  const update = () => {
    const now = Math.max(1, Math.round(store.inputs[depth]));
    const width = el.clientWidth;
    if (now !== k || width !== room) {
      const other = now !== k;
      [k, room] = [now, width];
      if (other) {
        stepper.set(store.passes === "ahead" ? 0 : null);
        known = false;
      }
      if (room) [every, once].forEach((route) => route.draw());
    }
    known ||= ended();
    if (!room) return;
    every.show();
    once.show();
    const [slow, fast] = [every, once].map(({ total }) => duration(total() * TICK));
    setText(pace, fill(words.paths.pace, { rate: 1000 / TICK, fast, slow }));
  };
  return store.subscribe(update, stepper.pause, onRoom(el, update));
};
