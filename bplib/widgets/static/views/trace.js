// The view `trace`: a listing in which the line that has just run is marked, a sentence on it, and a table of what the
// numbers were and are. Moments are stepped through by buttons, by a slider and its keys, or play by themselves.
import { html, setAttr, setText } from "../dom.js";
import { fmt } from "../format.js";
import { onKeys } from "../move.js";
import { player } from "../parts/player.js";
import { caption, longest } from "../say.js";
import { fill, words } from "../words.js";

const DIGITS = 4; // of a number that is compared with what it was
const TICK = 1600; // ms: long enough to read a sentence

// An array as code writes it; one that does not exist yet is none.
const written = ({ shape, data }, digits) => {
  if (data.every(Number.isNaN)) return words.trace.none;
  const nested = (axis, from, size) => {
    if (axis === shape.length) return fmt(data[from], digits);
    const part = size / shape[axis];
    const parts = Array.from({ length: shape[axis] }, (_, k) => nested(axis + 1, from + k * part, part));
    return `[${parts.join(", ")}]`;
  };
  return nested(0, 0, data.length);
};

export const mount = (el, store, { of, listing, lines, says, moment }) => {
  const last = says.length - 1;
  const at = () => store.inputs[moment];
  const go = (k) => store.set(moment, k);
  const steps = says.map((_, k) => ({ k }));
  const stepper = player({
    steps: () => steps, interval: TICK, taken: at() + 1, onchange: () => store.changed(), take: ({ k }) => go(k) !== "",
  });
  const back = stepper.button(words.trace.back, words.trace.backTitle, () => stepper.goTo(Math.max(1, at())));
  const next = stepper.button(words.trace.next, words.trace.nextTitle, () => stepper.goTo(Math.min(last + 1, at() + 2)));
  const end = stepper.button(words.trace.end, words.trace.endTitle, () => stepper.goTo(last + 1));
  const play = stepper.playButton(words.steps.play, words.trace.playTitle);
  const buttons = stepper.group(words.steps.label, back, next, play, end);
  const range = html("input", {
    type: "range", min: 0, max: last, step: 1, "aria-label": words.trace.moment, oninput: () => jump(Number(range.value)),
  });
  const jump = (k) => {
    stepper.pause();
    go(k);
  };
  onKeys(range, () => ({ lo: 0, hi: last, step: 1 }), at, jump);

  const code = listing.map((text) => html("li", {}, html("code", {}, text)));
  const count = html("span", { class: "bp-note" });
  const sentence = caption("bp-reading");
  sentence.keep(longest(says));
  const rows = of.map((q) => {
    const cells = { was: html("td", {}), now: html("td", {}), change: html("td", {}) };
    const name = html("th", { scope: "row" }, html("code", {}, q));
    return { q, ...cells, row: html("tr", {}, name, ...Object.values(cells)) };
  });
  const heads = [words.trace.name, words.trace.was, words.trace.is, words.trace.change];
  const table = html("table", {},
    html("thead", {}, html("tr", {}, ...heads.map((text) => html("th", { scope: "col" }, text)))),
    html("tbody", {}, ...rows.map(({ row }) => row)));
  el.append(
    html("div", { class: "bp-bar" }, buttons, count), range,
    html("div", { class: "bp-columns" },
      html("ol", { class: "bp-listing", role: "list" }, ...code),
      html("div", { class: "bp-state" }, sentence.element, html("div", { class: "bp-scroll" }, table))),
  );
  const changeOf = (was, now) => {
    if (was === now) return "";
    if (was === words.trace.none) return words.trace.new;
    return now === words.trace.none ? words.trace.gone : words.trace.changed;
  };

  const update = () => {
    const k = at();
    if (stepper.taken !== k + 1) stepper.set(k + 1); // moved from elsewhere
    setText(count, fill(words.trace.count, { k: k + 1, n: says.length }));
    setText(sentence.line, says[k]);
    range.value = k;
    const told = { k: k + 1, n: says.length, line: listing[lines[k]].trim(), says: says[k] };
    setAttr(range, "aria-valuetext", fill(words.trace.reads, { ...told }));
    back.disabled = k === 0;
    next.disabled = end.disabled = k === last;
    code.forEach((item, line) => setAttr(item, "aria-current", line === lines[k] ? "step" : null));
    const before = store.source.run(store.inputs.with(moment, Math.max(0, k - 1)), store.rate);
    for (const { q, row, was, now, change } of rows) {
      const arrays = [store.read(q, before), store.read(q)];
      [was, now].forEach((cell, i) => {
        const shown = k || cell === now;
        setText(cell, shown ? written(arrays[i], DIGITS) : words.trace.start);
        setAttr(cell, "title", shown ? written(arrays[i]) : null);
      });
      const changed = k ? changeOf(...arrays.map((array) => written(array))) : "";
      setText(change, changed);
      row.classList.toggle("bp-changed", changed !== "");
    }
  };
  return store.subscribe(update, stepper.pause);
};
