// The view `heat`: named arrays as grids of cells, side by side. A cell of one of them may be picked; footprints of it
// in the others then follow.
import { html, setText } from "../dom.js";
import { fmt } from "../format.js";
import { indices, sumOf } from "../parts/cells.js";
import { grid } from "../parts/grid.js";
import { nearAll } from "../parts/near.js";
import { probe } from "../parts/probe.js";
import { tries } from "../parts/reach.js";
import { onRoom } from "../parts/room.js";
import { scale } from "../parts/scale.js";
import { onTheme } from "../parts/theme.js";
import { WIDEST, caption, longest } from "../say.js";
import { fill, words } from "../words.js";

const SLIDERS = 2; // beside the grids: a sample and how many rows

export const mount = (el, store, { sheets, pick, picked, log, sums, gaps, sample }) => {
  const scales = Array.from({ length: 1 + Math.max(...sheets.map((sheet) => sheet.scale)) }, () => scale(log));
  const cellPicked = picked === null ? null : probe(store, sheets, pick, picked);
  let pointed = null; // {s, k}: the cell k of the array s
  let current = picked ?? 0; // the grid that the Tab key leads to
  const walked = sheets.map(() => 0); // where the keys are in each
  const lengths = sheets.map(() => 1); // how many cells each has at present
  let room = 0;
  const nameOf = ({ title, shape }, k) => (shape.length ? `${title}[${indices(k, shape).join(", ")}]` : title);

  // Which cells belong to the chosen sample; beyond the last row of a smaller batch is the last.
  const chosen = ({ each }, { shape, data }) => {
    if (!each) return null;
    const at = Math.min(store.inputs[sample], shape[0] - 1);
    return Array.from(data, (_, k) => Math.floor((k * shape[0]) / data.length) === at);
  };

  const shown = sheets.map((sheet, s) => {
    const { title, shape, gradient, each } = sheet;
    const size = shape.join(" × ") || words.heat.one;
    const brushed = s === picked;
    const take = (k) => {
      walked[s] = k;
      if (brushed) cellPicked.take(indices(k, shape));
      else if (each && indices(k, shape)[0] !== store.inputs[sample]) store.set(sample, indices(k, shape)[0]);
    };
    const cells = grid({
      label: fill(brushed ? words.heat.brush : words.heat.cells, { title, shape: size }), shape, sums,
      onpoint: (k, pressed) => {
        if (pressed) [current, walked[s]] = [s, k];
        pointed = k === null ? focused() : { s, k };
        read();
      },
      onpick: brushed || each ? take : null,
      onkey: (event) => {
        if (event.altKey || event.ctrlKey || event.metaKey) return;
        if (event.key === "Escape") {
          pointed = null;
          return read();
        }
        if (!/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) return;
        event.preventDefault();
        walk(event.key);
      },
    });
    cells.element.addEventListener("focus", () => {
      current = s;
      pointed = focused();
      read();
    });
    const ends = html("span");
    const figure = html(
      "div", { class: gradient ? "bp-sheet bp-gradient" : "bp-sheet" },
      html("p", { class: "bp-sheet-title" }, html("strong", {}, title), " ", html("span", {}, size)),
      cells.element,
      html("p", { class: "bp-sheet-scale" }, html("i", { class: "bp-depth" }), ends),
    );
    return { sheet, cells, figure, ends, take };
  });

  // A cell that is there: of the last row if the batch has become smaller.
  const within = (s, k) => {
    const columns = sheets[s].shape.at(-1) ?? 1;
    return k < lengths[s] ? k : lengths[s] - columns + (k % columns);
  };
  const focused = () =>
    shown[current].cells.element === document.activeElement ? { s: current, k: within(current, walked[current]) } : null;
  // An arrow that leads out of a grid leads to its neighbour.
  const walk = (key) => {
    const k = shown[current].cells.plan.step(within(current, walked[current]), key);
    if (k === null) return shown[current + (key === "ArrowRight" ? 1 : -1)]?.cells.element.focus();
    shown[current].take(within(current, k));
    pointed = focused();
    read();
  };

  // What is read of a cell: its number, the one before the last move, the sums of its row and column.
  const numberOf = (s, k, data, ghost) => {
    const { q, shape } = sheets[s];
    const name = nameOf(sheets[s], k);
    if (k >= data.length) return fill(words.heat.absent, { name });
    if (Number.isNaN(data[k])) return fill(words.heat.gap, { name });
    const x = fmt(data[k]);
    const before = ghost && store.was ? store.read(q, store.was).data[k] : NaN;
    const moved = Number.isFinite(before) && before !== data[k];
    const told = moved ? fill(words.heat.was, { name, x, before: fmt(before) }) : fill(words.heat.reads, { name, x });
    if (!sums || shape.length < 2) return told;
    const [, columns] = shape;
    const row = fmt(sumOf(data, k - (k % columns), 1, columns));
    const column = fmt(sumOf(data, k % columns, columns, data.length / columns));
    return `${told} ${fill(words.heat.sums, { row, column })}`;
  };

  const reading = caption("bp-reading");
  const footprint = caption("bp-footprint");
  const note = html("p", { class: "bp-note" }, log ? words.heat.logNote : words.heat.note, gaps ? ` ${words.heat.gapNote}` : "");
  const box = html("div", { class: "bp-sheets", role: "group", "aria-label": words.heat.label }, ...shown.map(({ figure }) => figure));
  const sliders = nearAll(store, SLIDERS, pick);
  el.append(box, ...sliders.elements, ...(cellPicked ? [footprint.element] : []), reading.element, note);
  const last = sheets.map((sheet) => nameOf(sheet, sheet.shape.reduce((a, b) => a * b, 1) - 1));
  const added = sums ? fill(words.heat.sums, { row: WIDEST, column: WIDEST }) : "";
  reading.keep(`${fill(words.heat.was, { name: longest(last), x: WIDEST, before: WIDEST })} ${added}`);

  // An array of the present frame, or of one that is tried.
  const seen = ({ q, scale: n }, frame) => {
    const array = store.read(q, frame);
    scales[n].widen(array.data);
    return array;
  };
  const read = () => {
    const told = pointed && numberOf(pointed.s, pointed.k, store.read(sheets[pointed.s].q).data, true);
    setText(reading.line, told ?? (cellPicked ? fill(words.heat.pick, { title: sheets[picked].title }) : words.heat.point));
    shown.forEach(({ cells }, s) => {
      cells.point(pointed?.s === s ? pointed.k : null);
      cells.reach(s === current);
      if (pointed?.s === s) cells.tell(pointed.k, s === picked ? `${told} ${footprint.line.textContent}` : told);
    });
  };
  const update = () => {
    if (!room) return;
    const footprints = cellPicked?.footprints();
    const arrays = sheets.map((sheet) => seen(sheet));
    shown.forEach(({ sheet, cells }, s) =>
      cells.paint(arrays[s], scales[sheet.scale], footprints ? cellPicked.follows(sheet, footprints) : chosen(sheet, arrays[s])));
    sliders.update();
    if (cellPicked) {
      walked[picked] = cellPicked.place;
      setText(footprint.line, cellPicked.sentence(footprints));
    }
    shown.forEach(({ sheet, cells, ends }, s) => {
      const array = arrays[s];
      lengths[s] = array.data.length;
      cells.write(array);
      cells.pick(s === picked ? walked[s] : null);
      const k = within(s, walked[s]);
      cells.tell(k, numberOf(s, k, array.data, false));
      const { least, full, grown } = scales[sheet.scale];
      const [lo, hi] = [fmt(least), fmt(full)];
      setText(ends, grown ? fill(words.heat.grown, { lo, hi }) : fill(words.heat.scale, { lo, hi }));
    });
    if (focused() && pointed?.s === current) pointed = focused();
    read();
  };
  // The scales, from the start: what the controls can lead to. Where training has begun they grow with it.
  const { learns, movable, start } = store.source;
  const begun = learns && movable.some((n) => store.inputs[n] !== start[n]);
  for (const inputs of begun ? [] : tries(store)) sheets.forEach((sheet) => seen(sheet, { inputs, rate: store.rate }));
  sheets.forEach((sheet) => seen(sheet));
  scales.forEach((each) => each.settle());

  const resize = () => {
    const width = el.clientWidth;
    if (!width || width === room) return;
    room = width;
    for (const { cells, figure } of shown) {
      cells.resize(room);
      figure.classList.toggle("bp-numbered", cells.plan.written);
    }
    update();
  };
  resize();
  return store.subscribe(update, onRoom(el, resize), onTheme(() => store.changed()));
};
