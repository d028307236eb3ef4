// One array as a grid of cells, or as a strip of small grids where it has more than two axes. Numbers stand in the cells
// while there is room. It is one control: the pointer reads and picks, arrow keys walk.
import { html, setAll, setAttr, setText } from "../dom.js";
import { fitted } from "../format.js";
import { indices, layout, sumOf } from "./cells.js";
import { inkOf } from "./ink.js";
import { DIGITS } from "../say.js";

const LETTER = 7.5; // px: room for one of a number

// label: what the grid is called. onpoint(k, pressed) is told what is pointed at, null when it is left; onpick(k), if
// given, what is pressed; onkey(event) gets the keys.
export const grid = ({ label, shape, sums, onpoint, onpick, onkey }) => {
  const canvas = html("canvas");
  const [here, chosen] = ["bp-here-cell", "bp-chosen-cell"].map((name) => html("div", { class: name, hidden: true }));
  const numbers = html("div", { class: "bp-cell-numbers", "aria-hidden": "true" });
  let plan = layout(shape, 100);
  let paint;
  let names = []; // of small grids
  let texts = [];
  let standing = []; // the numbers that they show
  let margins = []; // {start, step, count, text}: the sums of rows and columns

  const written = (x) => (Number.isFinite(x) ? fitted(x, (text) => text.length * LETTER <= plan.w, DIGITS) : "");
  const cellAt = ({ clientX, clientY }) => {
    const { left, top } = canvas.getBoundingClientRect();
    const k = plan.at(clientX - left, clientY - top);
    return k < 0 ? null : k;
  };
  let finger = null; // where one came down that has not yet moved sideways
  const press = (event) => {
    const k = cellAt(event);
    if (k === null) return;
    element.focus({ preventScroll: true });
    onpoint(k, true);
    onpick?.(k);
  };
  const element = html("div", {
    class: "bp-cells", role: "slider", tabindex: -1, "aria-label": label, "aria-valuemin": 0,
    // A finger that comes down may be about to scroll: it picks when it moves sideways, or goes up where it was.
    onpointerdown: (event) => {
      if (event.button !== 0 || cellAt(event) === null) return;
      event.preventDefault();
      if (onpick) element.setPointerCapture(event.pointerId);
      finger = event.pointerType === "touch" ? event : null;
      if (!finger) press(event);
    },
    onclick: (event) => press(event),
    onpointermove: (event) => {
      if (!element.hasPointerCapture(event.pointerId)) {
        if (event.pointerType === "mouse") onpoint(cellAt(event), false);
        return;
      }
      if (finger && Math.abs(event.clientX - finger.clientX) <= Math.abs(event.clientY - finger.clientY)) return;
      finger = null;
      press(event);
    },
    onpointerleave: (event) => event.pointerType === "mouse" && onpoint(null, false),
    onblur: () => onpoint(null, false),
    onkeydown: onkey,
  }, canvas, numbers, chosen, here);

  const put = (box, x, y) => {
    const style = `left: ${x}px; top: ${y}px; width: ${plan.w}px; height: ${plan.h}px;`;
    if (box.style.cssText !== style) box.style.cssText = style;
    return box;
  };
  const span = (x, y, className) => put(html("span", { class: className }), x, y);
  const marked = (box, k) => {
    box.hidden = k === null;
    if (k !== null) put(box, ...plan.place(k));
  };

  return {
    element,
    get plan() {
      return plan;
    },
    resize(room) {
      plan = layout(shape, room, sums);
      const { width, height, rows, columns, grids, size, head, margin, w, h } = plan;
      const [right, bottom] = [width + margin - w, height + margin - w]; // where sums begin: as far off both ways
      setAll(canvas, { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) });
      canvas.style.cssText = `width: ${width}px; height: ${height}px`;
      element.style.cssText = `width: ${width + margin}px; height: ${margin ? bottom + h : height}px`;
      paint = inkOf(canvas, plan, devicePixelRatio);
      names = grids === 1 ? [] : Array.from({ length: grids }, (_, g) => {
        const [x, y] = plan.corner(g);
        const name = html("span", { class: "bp-grid-name" }, `[${indices(g, shape.slice(0, -2)).join(", ")}]`);
        name.style.cssText = `left: ${x}px; top: ${y - head}px; width: ${columns * w}px`;
        return name;
      });
      standing = [];
      texts = plan.written ? Array.from({ length: grids * size }, (_, k) => span(...plan.place(k))) : [];
      const sum = (x, y, start, step, count) => ({ start, step, count, text: span(x, y, "bp-cell-sum") });
      margins = margin ? [
        ...Array.from({ length: rows }, (_, i) => sum(right, i * h, i * columns, 1, columns)),
        ...Array.from({ length: rows > 1 ? columns : 0 }, (_, j) => sum(j * w, bottom, j, columns, rows)),
      ] : [];
      const sign = margin ? [span(right, bottom, "bp-cell-sum")] : [];
      sign.forEach((corner) => setText(corner, "Σ"));
      numbers.replaceChildren(...names, ...texts, ...sign, ...margins.map(({ text }) => text));
    },
    // framed: the cells that a frame goes around. Paint all grids, then write: painting asks for the canvas's colours,
    // and after each writing the browser would find the page's style again.
    paint({ data }, scale, framed = null) {
      paint(data, scale, framed);
    },
    write({ data }) {
      names.forEach((name, g) => (name.style.visibility = g * plan.size < data.length ? "" : "hidden"));
      texts.forEach((text, k) => {
        if (Object.is(data[k], standing[k])) return;
        standing[k] = data[k];
        setText(text, written(data[k]));
      });
      for (const { start, step, count, text } of margins) {
        const present = Math.min(count, Math.ceil((data.length - start) / step));
        setText(text, present > 0 ? written(sumOf(data, start, step, present)) : "");
      }
    },
    // What a cell is called and holds, for whoever can't see it.
    tell: (k, text) =>
      setAll(element, { "aria-valuenow": k, "aria-valuemax": plan.grids * plan.size - 1, "aria-valuetext": text }),
    point: (k) => marked(here, k),
    pick: (k) => marked(chosen, k),
    reach: (reachable) => setAttr(element, "tabindex", reachable ? 0 : -1),
  };
};
