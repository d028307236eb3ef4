// Where the cells of an array stand: its last two axes are a grid, one axis a row, and of further axes each index has a
// small grid of its own. Nothing here depends on numbers, so a grid keeps its size while they move.

const [WIDE, NARROW, HIGH] = [56, 46, 24]; // px: a cell with its number, where room is short at least so wide
const [MOST, MOST_ROWS] = [128, 16]; // cells and rows with numbers
const [LARGEST, TALLEST, LEAST] = [24, 340, 18]; // px: a cell without, all its rows, the only row
const [GAP, HEAD] = [12, 18]; // px: between small grids, and above one for its name
const [BESIDE, NARROWEST, SMALLEST] = [8, 60, 8]; // at most so many small grids share a line; px of one, and of its cells, at least
const MARGIN = 4; // px: between the cells and their sums

// Where the cells are, in a room so many px wide; sums: with a margin for those of rows and columns.
export const layout = (shape, room, sums = false) => {
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  const size = rows * columns;
  const grids = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  const numbered = Math.min(WIDE, Math.floor(sums ? (room - MARGIN) / (columns + 1) : room / columns));
  const margin = sums ? numbered + MARGIN : 0;
  const written = grids * size <= MOST && rows <= MOST_ROWS && numbered >= NARROW;
  const beside = Math.max(1, Math.min(grids, BESIDE, Math.floor((room + GAP) / (NARROWEST + GAP))));
  const fitting = Math.max(SMALLEST, (room - (beside - 1) * GAP) / (beside * columns));
  const side = Math.min(LARGEST, room / columns, TALLEST / rows, fitting);
  const [w, h] = written ? [numbered, HIGH] : [side, rows === 1 ? Math.max(side, LEAST) : side];
  const [gap, head] = grids > 1 ? [GAP, HEAD] : [0, 0];
  const [stepX, stepY] = [columns * w + gap, rows * h + head + gap / 2];
  const across = Math.max(1, Math.min(grids, Math.floor((room + gap) / stepX)));
  const corner = (g) => [(g % across) * stepX, Math.floor(g / across) * stepY + head];
  const split = (k) => [Math.floor(k / size), Math.floor((k % size) / columns), k % columns];
  const joined = (g, i, j) => (g * rows + i) * columns + j;
  return {
    rows, columns, grids, size, w, h, head, written, corner, split,
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
export const indices = (k, shape) =>
  shape.map((size, axis) => Math.floor(k / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % size);

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
