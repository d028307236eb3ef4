// The view `bars`: some quantities one below the other, on one scale that stays as it is while a control moves.
// A quantity that is called as a gradient is, "dk" beside a "k", looks like one.
// A logarithmic scale says where it starts and what a mark stands for: there a bar twice as long is not twice as much.
import { count } from "../count.js";
import { html, setText } from "../dom.js";
import { fmt } from "../format.js";
import { nearAll } from "../parts/near.js";
import { corners } from "../parts/reach.js";
import { DIGITS } from "../say.js";
import { pieces, words } from "../words.js";

const MOST_CORNERS = 64;
const FEW = 8; // more of them take one row each on a phone, too

// A power of ten; one that is far from 1 is written as such.
const power = (p) =>
  p > -3 && p < 4 ? count(Number(`1e${p}`)) : html("span", {}, "10", html("sup", {}, String(p).replace("-", "−")));

export const mount = (el, store, { of, log }) => {
  const { tape, labels } = store;
  // From lo to hi, as numbers or as powers of ten.
  let [lo, hi] = log ? [Infinity, -Infinity] : [0, 0];
  const widen = (x) => {
    if (!Number.isFinite(x) || (log && x <= 0)) return;
    const [below, above] = log ? [x >= 1 ? 0 : Math.floor(Math.log10(x)), Math.max(1, Math.ceil(Math.log10(x)))] : [x, x];
    [lo, hi] = [Math.min(lo, below), Math.max(hi, above)];
  };
  // In halves, because hi - lo may be infinite.
  const place = (x) => `${(100 * (x / 2 - lo / 2)) / (hi / 2 - lo / 2 || 1)}%`;

  const rows = of.map((i) => {
    const name = labels.names[i];
    const slope = name.startsWith("d") && tape.names.includes(name.slice(1));
    const bar = html("div", { class: `bp-amount${slope ? " bp-slope" : ""}` });
    const text = html("span", { class: slope ? "bp-grad" : "bp-value" });
    return { i, bar, text, parts: [html("span", { class: "bp-name" }, name), html("div", { class: "bp-lane" }, bar), text] };
  });
  const marks = html("div", { class: "bp-lane bp-marks" });
  const note = html("p", { class: "bp-note" });
  const box = html(
    "div", { class: `bp-amounts${of.length > FEW ? " bp-many" : ""}`, role: "group", "aria-label": log ? words.bars.logLabel : words.bars.label },
    ...rows.flatMap(({ parts }) => parts),
    marks, ...(log ? [note] : []),
  );
  const sliders = nearAll(store);
  el.append(box, ...sliders.elements);
  let marked = "";
  const mark = () => {
    const now = `${lo} ${hi}`;
    if (marked === now || lo > hi) return;
    marked = now;
    const every = log ? Math.ceil((hi - lo) / 5) : 0;
    const at = log ? Array.from({ length: Math.floor((hi - lo) / every) + 1 }, (_, k) => lo + k * every) : [...new Set([lo, 0, hi])];
    box.style.setProperty("--bp-rules", at.map((x) => `linear-gradient(var(--bp-line) 0 0) ${place(x)} / 1px 100% no-repeat`).join());
    if (log) note.replaceChildren(...pieces(words.bars.log, { start: [power(lo)], factor: [power(every)] }));
    const within = (p) => (log ? "" : `; transform: translateX(-${p})`); // the ends of a linear scale are long numbers
    marks.replaceChildren(...at.map((x) =>
      html("span", { style: `left: ${place(x)}${within(place(x))}` }, log ? power(x) : count(x))));
  };
  for (const inputs of corners(store.controls, tape.start, MOST_CORNERS)) {
    const run = tape.forward(inputs);
    for (const i of of) widen(run[i][0]);
  }
  const update = () => {
    for (const { i } of rows) widen(store.values[i]);
    mark();
    for (const { i, bar, text } of rows) {
      const x = store.values[i];
      const ends = log ? [lo, x > 0 ? Math.log10(x) : lo] : [Math.min(0, x), Math.max(0, x)];
      bar.style.left = place(ends[0]);
      bar.style.width = `calc(${place(ends[1])} - ${place(ends[0])})`;
      setText(text, Number.isInteger(x) ? count(x) : fmt(x, DIGITS));
    }
    sliders.update();
  };
  update();
  return store.subscribe(update);
};
