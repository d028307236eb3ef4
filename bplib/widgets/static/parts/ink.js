// The ink of a grid of cells on its canvas: colour as deep as a number is far from 0, stripes below 0, a cross for a gap,
// and a frame around the cells that belong together. Colours are the canvas's own, so they follow the page's theme.
import { html } from "../dom.js";

const LINED = 8; // px: narrower cells have no lines between them
const APART = 5; // px: from stripe to stripe
const TAKEN = 0.6; // of the colour, by a stripe

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

// plan: a layout (cells.js); dots: of the screen to a px. Returns paint(data, scale, framed): framed tells of each cell
// whether the frame goes around it.
export const inkOf = (canvas, plan, dots) => {
  const { w, h, rows, columns, grids, size } = plan;
  const context = canvas.getContext("2d");
  const pattern = stripes(context, dots);
  const thin = Math.max(1, Math.round(dots));
  const dotted = (x, y, width, height) => {
    const [left, top] = [Math.round(x * dots), Math.round(y * dots)];
    return [left, top, Math.round((x + width) * dots) - left, Math.round((y + height) * dots) - top];
  };
  const boxOf = (k) => dotted(...plan.place(k), w, h);
  const line = (path, a, b, c, d) => (path.moveTo(a, b), path.lineTo(c, d));

  const fill = (data, scale, color) => {
    const below = new Path2D();
    context.fillStyle = color;
    data.forEach((x, k) => {
      if (!x || Number.isNaN(x)) return;
      const box = boxOf(k);
      context.globalAlpha = Math.min(1, scale.depth(x));
      context.fillRect(...box);
      if (x < 0) below.rect(...box);
    });
    context.globalAlpha = TAKEN;
    context.globalCompositeOperation = "destination-out";
    context.fillStyle = pattern;
    context.fill(below);
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  };

  const crosses = (data, path) => data.forEach((x, k) => {
    if (!Number.isNaN(x)) return;
    const [left, top, width, height] = boxOf(k);
    line(path, left, top, left + width, top + height);
    line(path, left + width, top, left, top + height);
  });

  // What is beyond the last row of a smaller batch has no lines.
  const lines = (count, path) => {
    for (let g = 0; g < grids; g++) {
      const [x, y] = plan.corner(g);
      const present = Math.min(rows, Math.ceil((count - g * size) / columns));
      if (present <= 0) return;
      const [left, top, width, height] = dotted(x, y, columns * w, present * h);
      path.rect(left + thin / 2, top + thin / 2, width - thin, height - thin);
      if (w < LINED || h < LINED) continue;
      for (let j = 1; j < columns; j++) path.rect(...dotted(x + j * w, y, 0, present * h));
      for (let i = 1; i < present; i++) path.rect(...dotted(x, y + i * h, columns * w, 0));
    }
  };

  // Along the sides that a cell has in common with none that is framed.
  const frame = (framed, path) => framed.forEach((inside, k) => {
    if (!inside) return;
    const [, i, j] = plan.split(k);
    const [x, y, width, height] = boxOf(k);
    const [left, top, right, bottom] = [x + thin, y + thin, x + width - thin, y + height - thin];
    if (!j || !framed[k - 1]) line(path, left, y, left, y + height);
    if (j === columns - 1 || !framed[k + 1]) line(path, right, y, right, y + height);
    if (!i || !framed[k - columns]) line(path, x, top, x + width, top);
    if (i === rows - 1 || !framed[k + columns]) line(path, x, bottom, x + width, bottom);
  });

  const stroke = (draw, subject, color, width) => {
    const path = new Path2D();
    draw(subject, path);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke(path);
  };

  return (data, scale, framed) => {
    const { color, borderTopColor: faint, outlineColor: dark } = getComputedStyle(canvas);
    context.clearRect(0, 0, canvas.width, canvas.height);
    fill(data, scale, color);
    stroke(crosses, data, faint, thin);
    stroke(lines, data.length, faint, thin);
    if (framed) stroke(frame, framed, dark, 2 * thin);
  };
};
