// The numbers of an axis: where each stands, round ticks with their labels, and how much of a curve to show.
import { fmt } from "./format.js";

const DIGIT = 7.7; // px: the widest that a digit of a label is
const MOST = 1e300; // what an axis shows of very large numbers: differences of larger ones may be infinite

// Where x stands on an axis from lo to hi that is drawn from a to b. Far outside is far enough: coordinates of
// any size would break a path.
export const onAxis = (x, [lo, hi], a, b) => Math.max(-1e4, Math.min(1e4, a + ((x - lo) / (hi - lo)) * (b - a)));

// Round numbers between lo and hi: at least three, else about `count`.
export const ticks = (lo, hi, count) => {
  const power = 10 ** Math.floor(Math.log10((hi - lo) / count));
  const between = (step) => Math.floor(hi / step + 1e-9) - Math.ceil(lo / step - 1e-9) + 1;
  const step = [10, 5, 2, 1].map((m) => m * power).find((s, k) => k === 3 || between(s) >= Math.min(count, 3));
  const first = Math.ceil(lo / step - 1e-9);
  return Array.from({ length: between(step) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
};

// What is written at ticks: with as few digits as say them.
export const written = (numbers) => {
  const near = 0.01 * (numbers[1] - numbers[0]);
  const digits = [1, 2, 3, 4, 6, 8, 10].find((n) => numbers.every((x) => Math.abs(Number(x.toPrecision(n)) - x) <= near));
  return numbers.map((x) => fmt(x, digits ?? 12));
};

// How wide the widest of some labels is, in px.
export const widthOf = (texts) => DIGIT * Math.max(...texts.map((text) => text.length));

// The range to show: all of the curve, or its middle where it shoots up beside a gap. A curve that only rounding
// bends is flat, and so looks one that bends within much less than `floor`, the least that the axis spans.
export const rangeOf = (ys, here, floor = 0) => {
  const sorted = ys.filter(Number.isFinite).sort();
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))] ?? here;
  const middle = at(0.92) - at(0.08);
  const [low, high] = middle && at(1) - at(0) > 12 * middle ? [0.08, 0.92] : [0, 1];
  const [lo, hi] = [Math.min(at(low), here), Math.max(at(high), here)].map((y) => Math.max(-MOST, Math.min(MOST, y)));
  const size = Math.max(Math.abs(lo), Math.abs(hi));
  const fitting = hi - lo > 1e-9 * size ? (hi - lo) * 0.08 : size * 0.1 || 1;
  const pad = Math.max(fitting, (floor - (hi - lo)) / 2);
  return [lo - pad, hi + pad];
};
