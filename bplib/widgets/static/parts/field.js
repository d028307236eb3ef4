// A field: numbers on a grid, drawn on a canvas as soft colours, with lines where it has one level, and points. It
// knows nothing of a figure; its colours come from the page's style and change with it.
import { html, setAll, setAttr, svg } from "../dom.js";
import { scaleOf, widthOf, written } from "./axes.js";

const SHADES = 256;
const NAMES = ["ink", "muted", "panel", "blue", "red", "low", "middle", "high"];
// Edges of the plane in its picture; RIGHT and BOTTOM count from the far side.
const [TOP, RIGHT, BOTTOM] = [26, 10, 40];
const LARGEST = 420; // px: more height would hide the control that moves it
const FAR = 20; // what is so many pictures away is far enough: coordinates of any size would break a path

const within = (x, lo, hi) => Math.max(lo, Math.min(hi, x));

// Where a field of cells by cells numbers, the first at data[at], crosses a level: [x, y, x, y] of each piece, in parts
// of its width and height from the lower left (marching squares). Numbers stand in the middle of their cells; from
// there to the edge a field stays as it is. `out` takes the pieces.
export const contour = (data, cells, level, at = 0, out = []) => {
  const last = cells - 1;
  const place = (k) => within((k + 0.5) / cells, 0, 1);
  for (let j = -1; j < cells; j++) {
    const [below, above] = [at + Math.max(j, 0) * cells, at + Math.min(j + 1, last) * cells];
    for (let i = -1; i < cells; i++) {
      const [left, right] = [Math.max(i, 0), Math.min(i + 1, last)];
      const a = data[below + left] - level;
      const b = data[below + right] - level;
      const c = data[above + right] - level;
      const d = data[above + left] - level;
      const over = (a > 0) + (b > 0) + (c > 0) + (d > 0);
      if (over % 4 === 0 || (a + b + c + d) * 0 !== 0) continue;
      const [x, y, w, h] = [place(i), place(j), place(i + 1) - place(i), place(j + 1) - place(j)];
      // Counter-clockwise from below, where the level lies between two corners.
      const found = [];
      if (a > 0 !== b > 0) found.push([x + (w * a) / (a - b), y]);
      if (b > 0 !== c > 0) found.push([x + w, y + (h * b) / (b - c)]);
      if (c > 0 !== d > 0) found.push([x + w - (w * c) / (c - d), y + h]);
      if (d > 0 !== a > 0) found.push([x, y + h - (h * d) / (d - a)]);
      // In a saddle the middle decides which corners are joined.
      if (found.length === 4 && a + b + c + d > 0 !== a > 0) found.unshift(found.pop());
      for (let k = 0; k < found.length; k += 2) out.push(...found[k], ...found[k + 1]);
    }
  }
  return out;
};

// A canvas that draws fields of one scale, {lo, hi, log, two}: `two` colours on both sides of its middle, else one.
// redraw() is called when the page's colours have changed. Boxes are [left, top, width, height] in px.
export const painter = (scale, redraw) => {
  const canvas = html("canvas", { "aria-hidden": "true" });
  const probe = html("i", { hidden: true });
  const pen = canvas.getContext("2d");
  const grid = html("canvas"); // a pixel for each cell
  const { part: along } = scaleOf(scale);
  // What part of the scale a number is, from 0 to 1. NaN stays NaN; a logarithm's low end is also that of 0 and less.
  const part = (x) => (scale.log && x <= 0 ? 0 : within(along(x), 0, 1));
  let colours = null;
  let size = "";

  // What the style says, as #rrggbb.
  const read = () => Object.fromEntries(NAMES.map((name) => {
    probe.style.color = `var(--bp-${name})`;
    pen.fillStyle = getComputedStyle(probe).color;
    return [name, pen.fillStyle];
  }));
  const bytes = (colour) => [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
  // Shades in the order of a pixel's bytes.
  const mixed = (ends) => Uint32Array.from({ length: SHADES }, (_, k) => {
    const x = (k / (SHADES - 1)) * (ends.length - 1);
    const first = Math.min(Math.floor(x), ends.length - 2);
    const [r, g, b] = ends[first].map((from, n) => Math.round(from + (ends[first + 1][n] - from) * (x - first)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
  const look = () => {
    colours = read();
    const ends = scale.two ? ["low", "middle", "high"] : ["middle", "high"];
    colours.shades = mixed(ends.map((name) => bytes(colours[name])));
  };
  const themed = () => {
    const now = read();
    if (!colours || NAMES.every((name) => now[name] === colours[name])) return;
    look();
    redraw();
  };
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", themed);
  const pages = new MutationObserver(themed);
  for (const element of [document.documentElement, document.body]) pages.observe(element, { attributes: true });

  return {
    elements: [canvas, probe],
    // A clean sheet of this size.
    begin(width, height) {
      if (!colours) look();
      const fine = devicePixelRatio || 1;
      const now = `${width} ${height} ${fine}`;
      if (now !== size) {
        setAll(canvas, { width: Math.round(width * fine), height: Math.round(height * fine) });
        Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
        pen.setTransform(fine, 0, 0, fine, 0, 0);
      }
      size = now;
      pen.clearRect(0, 0, width, height);
    },
    // Fields of cells by cells numbers, one after the other in data; the k-th box shows the one at order[k]. Where a
    // number is none, there is no colour.
    fields(data, cells, boxes, order = [0]) {
      const { shades } = colours;
      const image = new ImageData(cells, cells * boxes.length);
      const pixels = new Uint32Array(image.data.buffer);
      order.forEach((one, k) => {
        for (let j = 0; j < cells; j++) {
          const [from, to] = [(one * cells + j) * cells, (k * cells + cells - 1 - j) * cells];
          for (let i = 0; i < cells; i++) {
            const x = part(data[from + i]);
            pixels[to + i] = x === x ? shades[Math.round(x * (SHADES - 1))] : 0;
          }
        }
      });
      setAll(grid, { width: cells, height: cells * boxes.length });
      grid.getContext("2d").putImageData(image, 0, 0);
      boxes.forEach((box, k) => pen.drawImage(grid, 0, k * cells, cells, cells, ...box));
    },
    // Pieces of lines, each list in its box.
    lines(lists, boxes, colour, width = 2, dash = []) {
      pen.beginPath();
      lists.forEach((pieces, n) => {
        const [left, top, across, down] = boxes[n];
        for (let k = 0; k < pieces.length; k += 4) {
          pen.moveTo(left + pieces[k] * across, top + (1 - pieces[k + 1]) * down);
          pen.lineTo(left + pieces[k + 2] * across, top + (1 - pieces[k + 3]) * down);
        }
      });
      pen.setLineDash(dash);
      Object.assign(pen, { strokeStyle: colours[colour], lineWidth: width, lineCap: "round" });
      pen.stroke();
      pen.setLineDash([]);
    },
    // Points at [x, y] in px, as squares or discs of a colour; a number in place of a colour is one of the scale.
    points(places, shape, colour, r = 5) {
      pen.beginPath();
      for (const [x, y] of places) {
        if (shape === "square") pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
        else {
          pen.moveTo(x + r, y);
          pen.arc(x, y, r, 0, 2 * Math.PI);
        }
      }
      const shade = colours.shades[Math.round(part(colour) * (SHADES - 1))]; // of a number
      const fillStyle = colours[colour] ?? `rgb(${shade & 255} ${(shade >> 8) & 255} ${(shade >> 16) & 255})`;
      Object.assign(pen, { fillStyle, strokeStyle: colours.ink, lineWidth: Math.min(1.25, r / 3) });
      pen.fill();
      pen.stroke();
    },
    frames(boxes, colour, width) {
      Object.assign(pen, { strokeStyle: colours[colour], lineWidth: width });
      for (const box of boxes) pen.strokeRect(...box);
    },
    end() {
      media.removeEventListener("change", themed);
      pages.disconnect();
    },
  };
};

// The axes of a plane, as an SVG over its canvas. names and ranges: of x and y. draw(room) lays them out for a width,
// and says how wide and high the picture is; then box is where the plane stands.
export const axes = (names, ranges) => {
  const [x, y] = ranges.map(([lo, hi]) => scaleOf({ lo, hi }));
  const marks = svg("g", { "aria-hidden": "true" });
  const picture = svg("svg", { role: "group" }, marks);
  const rule = (name, d) => svg("path", { class: `bp-${name}`, d });
  const text = (name, x, y, words) => svg("text", { class: `bp-${name}`, x, y }, words);
  let size = { room: 0 };
  const self = {
    picture,
    box: null,
    draw(room) {
      if (room === size.room) return size;
      const up = y.ticks(5);
      const left = Math.max(36, widthOf(written(up)) + 12);
      const width = Math.min(LARGEST, room - left - RIGHT);
      // One unit is as long on both axes where that leaves a picture to look at.
      const height = Math.round(width * within((y.hi - y.lo) / (x.hi - x.lo), 0.6, 1));
      self.box = [left, TOP, width, height];
      const across = x.ticks(Math.min(8, width / 60));
      const [right, bottom] = [left + width, TOP + height];
      const [besides, beneath] = [written(up), written(across)];
      marks.replaceChildren(
        ...up.map((at, k) => text("tick-y", left - 8, self.at([0, at])[1] + 4, besides[k])),
        ...across.map((at, k) => text("tick-x", self.at([at, 0])[0], bottom + 17, beneath[k])),
        rule("axis", `M${left} ${TOP}V${bottom}H${right}`),
        text("axis-x", left + width / 2, bottom + BOTTOM - 6, names[0]),
        text("axis-y", 4, 12, names[1]),
      );
      size = { room, width: right + RIGHT, height: bottom + BOTTOM };
      setAll(picture, { width: size.width, height: size.height });
      return size;
    },
    // Where a point stands, in px, and which point stands at a place on the screen.
    at([a, b]) {
      const [left, top, width, height] = self.box;
      return [left + width * within(x.part(a), -FAR, FAR), top + height * (1 - within(y.part(b), -FAR, FAR))];
    },
    under({ clientX, clientY }) {
      const [left, top, width, height] = self.box;
      const corner = picture.getBoundingClientRect();
      const [a, b] = [(clientX - corner.left - left) / width, 1 - (clientY - corner.top - top) / height];
      return [x.at(within(a, 0, 1)), y.at(within(b, 0, 1))];
    },
    label: (text) => setAttr(picture, "aria-label", text),
  };
  return self;
};
