// The points of a field: x and y of cells by cells points, each in the middle of its cell, rows from y's low end up.
export const grid = (x, y, cells) => {
  const at = ([lo, hi], k) => lo + ((hi - lo) * (k + 0.5)) / cells;
  return [
    Float64Array.from({ length: cells * cells }, (_, k) => at(x, k % cells)),
    Float64Array.from({ length: cells * cells }, (_, k) => at(y, Math.floor(k / cells))),
  ];
};
