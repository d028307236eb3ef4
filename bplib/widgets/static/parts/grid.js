// One array as a grid of cells, or as a strip of small grids where it has more than two axes. A cell's colour is as
// deep as its number is far from 0, and striped below 0; 0 is blank, a gap is crossed out. Numbers stand in the cells
// while there is room. It is one control: the pointer reads and picks, arrow keys walk.
import { html, setAll, setAttr, setText } from "../dom.js";
import { fitted } from "../format.js";
import { DIGITS } from "../say.js";

const [WIDE, HIGH] = [56, 24]; // px: a cell with its number
const LETTERS = 7; // of a number in a cell
const [MOST, MOST_ROWS] = [128, 16]; // cells and rows with numbers
const [LARGEST, TALLEST, LEAST] = [24, 340, 18]; // px: a cell without, all its rows, the only row
const [GAP, HEAD] = [12, 18]; // px: between small grids, and above one for its name
const [BESIDE, SMALLEST] = [8, 8]; // so many small grids share a line, while their cells have so many px
const LINED = 8; // px: narrower cells have no lines between them
const APART = 5; // px: from stripe to stripe

// Where the cells are, in a room so many px wide; sums: with a margin for those of rows and columns.
export const layout = (shape, room, sums = false) => {
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  const size = rows * columns;
  const grids = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  const margin = sums ? WIDE + 4 : 0;
  const written = grids * size <= MOST && rows <= MOST_ROWS && columns * WIDE + margin <= room;
  const beside = Math.min(grids, BESIDE);
  const fitting = Math.max(SMALLEST, (room - (beside - 1) * GAP) / (beside * columns));
  const side = Math.min(LARGEST, room / columns, TALLEST / rows, fitting);
  const [w, h] = written ? [WIDE, HIGH] : [side, rows === 1 ? Math.max(side, LEAST) : side];
  const [gap, head] = grids > 1 ? [GAP, HEAD] : [0, 0];
  const [stepX, stepY] = [columns * w + gap, rows * h + head + gap / 2];
  const across = Math.max(1, Math.min(grids, Math.floor((room + gap) / stepX)));
  const corner = (g) => [(g % across) * stepX, Math.floor(g / across) * stepY + head];
  const split = (k) => [Math.floor(k / size), Math.floor((k % size) / columns), k % columns];
  const joined = (g, i, j) => (g * rows + i) * columns + j;
  return {
    rows, columns, grids, size, w, h, written, corner, split,
    margin: written ? margin : 0,
    width: across * stepX - gap,
    height: Math.ceil(grids / across) * stepY - gap / 2,
    place(k) {
      const [g, i, j] = split(k);
      const [x, y] = corner(g);
      return [x + j * w, y + i * h];
    },
    // The cell at a point, or -1.
    at(x, y) {
      const [column, row] = [Math.floor(x / stepX), Math.floor(y / stepY)];
      const g = row * across + column;
      const [j, i] = [Math.floor((x - column * stepX) / w), Math.floor((y - row * stepY - head) / h)];
      const inside = column >= 0 && column < across && row >= 0 && g < grids && j >= 0 && j < columns && i >= 0 && i < rows;
      return inside ? joined(g, i, j) : -1;
    },
    // Where a key leads from a cell; null if it leads out of the array, to the one before or after.
    step(k, key) {
      const [g, i, j] = split(k);
      if (key === "Home") return joined(g, i, 0);
      if (key === "End") return joined(g, i, columns - 1);
      if (key === "ArrowLeft") return j ? k - 1 : g % across ? joined(g - 1, i, columns - 1) : null;
      if (key === "ArrowRight") return j < columns - 1 ? k + 1 : (g + 1) % across && g + 1 < grids ? joined(g + 1, i, 0) : null;
      if (key === "ArrowUp") return i ? k - columns : g >= across ? joined(g - across, rows - 1, j) : k;
      return i < rows - 1 ? k + columns : g + across < grids ? joined(g + across, 0, j) : k;
    },
  };
};

// The place of a cell along each axis: [1, 0].
export const indices = (k, shape) => shape.map((size, axis) => Math.floor(k / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % size);

// Stripes that are taken out of what is striped; dots: of the screen to a px.
const stripes = (context, dots) => {
  const size = Math.round(APART * dots);
  const tile = html("canvas", { width: size, height: size });
  const pen = tile.getContext("2d");
  pen.lineWidth = 0.3 * size;
  for (const at of [-size, 0, size]) {
    pen.moveTo(at - size, 2 * size);
    pen.lineTo(at + 2 * size, -size);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
};

// label: what the grid is called. onpoint(k, pressed) is told what is pointed at, null when it is left; onpick(k), if
// given, what is pressed; onkey(event) gets the keys.
export const grid = ({ label, shape, sums, onpoint, onpick, onkey }) => {
  const canvas = html("canvas");
  const [here, chosen] = ["bp-here-cell", "bp-chosen-cell"].map((name) => html("div", { class: name, hidden: true }));
  const numbers = html("div", { class: "bp-cell-numbers", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  let plan = layout(shape, 100);
  let dots = 1; // of the screen to a px
  let pattern;
  let texts = [];
  let margins = []; // {add, text}: the sums of rows and columns

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
    box.style.cssText = `left: ${x}px; top: ${y}px; width: ${plan.w}px; height: ${plan.h}px`;
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
      dots = devicePixelRatio;
      const { width, height, rows, columns, grids, written, margin, w, h } = plan;
      setAll(canvas, { width: Math.round(width * dots), height: Math.round(height * dots) });
      canvas.style.cssText = `width: ${width}px; height: ${height}px`;
      element.style.cssText = `width: ${width + margin}px; height: ${height + (margin && rows > 1 ? h + 4 : 0)}px`;
      pattern = stripes(context, dots);
      const names = grids === 1 ? [] : Array.from({ length: grids }, (_, g) => {
        const [x, y] = plan.corner(g);
        const name = html("span", { class: "bp-grid-name" }, `[${indices(g, shape.slice(0, -2)).join(", ")}]`);
        name.style.cssText = `left: ${x}px; top: ${y - HEAD}px; width: ${columns * w}px`;
        return name;
      });
      texts = written ? Array.from({ length: plan.grids * plan.size }, (_, k) => span(...plan.place(k))) : [];
      const sum = (x, y, start, step, count) => ({ start, step, count, text: span(x, y, "bp-cell-sum") });
      margins = margin ? [
        ...Array.from({ length: rows }, (_, i) => sum(width + 4, i * h, i * columns, 1, columns)),
        ...Array.from({ length: rows > 1 ? columns : 0 }, (_, j) => sum(j * w, height + 4, j, columns, rows)),
      ] : [];
      const sign = margin ? [span(width + 4, rows > 1 ? height + 4 : -h, "bp-cell-sum")] : [];
      sign.forEach((corner) => setText(corner, "Σ"));
      numbers.replaceChildren(...names, ...texts, ...sign, ...margins.map(({ text }) => text));
    },
    // framed: the cells that a frame goes around.
    draw({ data }, scale, framed = null) {
      const { color, borderTopColor: faint, outlineColor: ink } = getComputedStyle(canvas);
      const { w, h, rows, columns, grids, size } = plan;
      const edges = (x, y, width, height) => {
        const [left, top] = [Math.round(x * dots), Math.round(y * dots)];
        return [left, top, Math.round((x + width) * dots) - left, Math.round((y + height) * dots) - top];
      };
      const below = new Path2D();
      const gaps = new Path2D();
      context.globalCompositeOperation = "source-over";
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = color;
      for (let k = 0; k < data.length; k++) {
        const x = data[k];
        const box = edges(...plan.place(k), w, h);
        if (Number.isNaN(x)) {
          gaps.moveTo(box[0], box[1]);
          gaps.lineTo(box[0] + box[2], box[1] + box[3]);
          gaps.moveTo(box[0] + box[2], box[1]);
          gaps.lineTo(box[0], box[1] + box[3]);
          continue;
        }
        context.globalAlpha = Math.min(1, scale.depth(x));
        context.fillRect(...box);
        if (x < 0) below.rect(...box);
      }
      context.globalAlpha = 0.6;
      context.globalCompositeOperation = "destination-out";
      context.fillStyle = pattern;
      context.fill(below);
      context.globalAlpha = 1;
      context.globalCompositeOperation = "source-over";
      context.strokeStyle = faint;
      context.lineWidth = Math.max(1, Math.round(dots));
      context.stroke(gaps);
      // What is beyond the last row of a smaller batch has no lines.
      for (let g = 0; g < grids; g++) {
        const [x, y] = plan.corner(g);
        const count = Math.min(rows, Math.ceil((data.length - g * size) / columns));
        if (count <= 0) continue;
        const inner = context.lineWidth;
        const [left, top, width, height] = edges(x, y, columns * w, count * h);
        context.strokeRect(left + inner / 2, top + inner / 2, width - inner, height - inner);
        if (w < LINED || h < LINED) continue;
        context.beginPath();
        for (let j = 1; j < columns; j++) context.rect(...edges(x + j * w, y, 0, count * h));
        for (let i = 1; i < count; i++) context.rect(...edges(x, y + i * h, columns * w, 0));
        context.stroke();
      }
      if (framed) {
        context.strokeStyle = ink;
        const half = Math.max(1, Math.round(dots));
        context.lineWidth = 2 * half;
        context.beginPath();
        const side = (a, b, c, d) => (context.moveTo(a, b), context.lineTo(c, d));
        framed.forEach((inside, k) => {
          if (!inside) return;
          const [, i, j] = plan.split(k);
          const [x, y, width, height] = edges(...plan.place(k), w, h);
          const [left, top, right, bottom] = [x + half, y + half, x + width - half, y + height - half];
          if (!j || !framed[k - 1]) side(left, y, left, y + height);
          if (j === columns - 1 || !framed[k + 1]) side(right, y, right, y + height);
          if (!i || !framed[k - columns]) side(x, top, x + width, top);
          if (i === rows - 1 || !framed[k + columns]) side(x, bottom, x + width, bottom);
        });
        context.stroke();
      }
      texts.forEach((text, k) => setText(text, Number.isFinite(data[k]) ? written(data[k]) : ""));
      for (const { start, step, count, text } of margins) {
        const present = start + step * (count - 1) < data.length ? count : Math.ceil((data.length - start) / step);
        setText(text, present > 0 ? written(sumOf(data, start, step, present)) : "");
      }
    },
    // What a cell is called and holds, for whoever can't see it.
    tell: (k, text) => setAll(element, { "aria-valuenow": k, "aria-valuemax": plan.grids * plan.size - 1, "aria-valuetext": text }),
    point: (k) => marked(here, k),
    pick: (k) => marked(chosen, k),
    reach: (reachable) => setAttr(element, "tabindex", reachable ? 0 : -1),
  };
};

const written = (x) => fitted(x, (text) => text.length <= LETTERS, DIGITS);

// The sum of some cells. What is only rounding is 0.
export const sumOf = (data, start, step, count) => {
  let [sum, size] = [0, 0];
  for (let k = 0; k < count; k++) {
    const x = data[start + k * step];
    sum += x;
    size += Math.abs(x);
  }
  return Math.abs(sum) <= 4 * count * Number.EPSILON * size ? 0 : sum;
};
