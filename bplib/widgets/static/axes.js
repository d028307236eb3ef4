// The numbers of an axis: round ticks, and how much of a curve to show.

// Round numbers between lo and hi: at least three, else about `count`.
export const ticks = (lo, hi, count) => {
  const power = 10 ** Math.floor(Math.log10((hi - lo) / count));
  const between = (step) => Math.floor(hi / step + 1e-9) - Math.ceil(lo / step - 1e-9) + 1;
  const step = [10, 5, 2, 1].map((m) => m * power).find((s, k) => k === 3 || between(s) >= Math.min(count, 3));
  const first = Math.ceil(lo / step - 1e-9);
  return Array.from({ length: between(step) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
};

// The range to show: all of the curve, or its middle where it shoots up beside a gap.
export const rangeOf = (ys, here) => {
  const sorted = ys.filter(Number.isFinite).sort();
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))] ?? here;
  const middle = at(0.92) - at(0.08);
  const [low, high] = middle && at(1) - at(0) > 12 * middle ? [0.08, 0.92] : [0, 1];
  const [lo, hi] = [Math.min(at(low), here), Math.max(at(high), here)];
  const pad = (hi - lo) * 0.08 || Math.abs(hi) * 0.1 || 1;
  return [lo - pad, hi + pad];
};
