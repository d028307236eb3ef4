// The numbers of an axis: where each stands on a linear or a logarithmic scale, round ticks with their labels, and how
// much of a curve to show.
import { fmt } from "../format.js";

const DIGIT = 7.7; // px: the widest that a digit of a label is
const MOST = 1e300; // what an axis shows of very large numbers: differences of larger ones may be infinite
const BETWEEN = [[1, 3], [1, 2, 5]]; // ticks of a decade, from coarse to fine

// A scale from lo to hi; whole: of what is counted. part(x): where x stands, 0 at lo and 1 at hi, not finite if x has no
// place on it; at(part): the number that stands there; rate(x): how fast part grows with x; ticks(count): about so many.
export const scaleOf = ({ lo, hi, log = false, whole = false }) => {
  const [to, from] = log ? [Math.log10, (y) => 10 ** y] : [(x) => x, (y) => y];
  const [start, length] = [to(lo), to(hi) - to(lo)];
  return {
    lo, hi, log,
    part: (x) => (to(x) - start) / length,
    at: (part) => from(start + part * length),
    rate: (x) => (log ? Math.LOG10E / x : 1) / length,
    ticks: (count) => (log ? decades : ticks)(lo, hi, count).filter((x) => !whole || Number.isInteger(x)),
  };
};

const multiples = (lo, hi, step) => {
  const [first, last] = [Math.ceil(lo / step - 1e-9), Math.floor(hi / step + 1e-9)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
};

// Round numbers between lo and hi: at least three, else about `count`.
const ticks = (lo, hi, count) => {
  const power = 10 ** Math.floor(Math.log10((hi - lo) / count));
  const found = [10, 5, 2].map((m) => multiples(lo, hi, m * power)).find(({ length }) => length >= Math.min(count, 3));
  return found ?? multiples(lo, hi, power);
};

// Powers of ten, about `count` of them; where fewer than three fit, numbers between them, too; on a range too short for
// those, ticks as on a linear scale.
const decades = (lo, hi, count) => {
  const [a, b] = [Math.log10(lo), Math.log10(hi)];
  const powers = (step) => multiples(a, b, step).map((p) => Number(`1e${p}`));
  const most = Math.max(1, Math.ceil((b - a) / count));
  const coarse = Array.from({ length: most }, (_, k) => powers(most - k));
  const among = (digits) => multiples(Math.floor(a), b, 1).flatMap((p) => digits.map((m) => Number(`${m}e${p}`)));
  const fine = BETWEEN.map((digits) => among(digits).filter((x) => x >= lo && x <= hi));
  return [...coarse, ...fine].find(({ length }) => length >= 3) ?? ticks(lo, hi, count);
};

// What is written at ticks: with as few digits as say them.
export const written = (numbers) => {
  const near = 0.01 * (numbers[1] - numbers[0]);
  const digits = [1, 2, 3, 4, 6, 8, 10].find((n) => numbers.every((x) => Math.abs(Number(x.toPrecision(n)) - x) <= near));
  return numbers.map((x) => fmt(x, digits ?? 12));
};

// How wide the widest of some labels is, in px.
export const widthOf = (texts) => DIGIT * Math.max(...texts.map((text) => text.length));

// The range to show: all of the curve and the number `here`, or the curve's middle where it shoots up beside a gap. A
// curve that only rounding bends is flat, and so looks one that bends within much less than `floor`, the least that
// the axis spans.
export const rangeOf = (ys, here, floor = 0) => {
  const sorted = Float64Array.from(ys).filter(Number.isFinite).sort();
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))] ?? here;
  const middle = at(0.92) - at(0.08);
  const [low, high] = middle && at(1) - at(0) > 12 * middle ? [0.08, 0.92] : [0, 1];
  const [lo, hi] = [Math.min(at(low), here), Math.max(at(high), here)].map((y) => Math.max(-MOST, Math.min(MOST, y)));
  const size = Math.max(Math.abs(lo), Math.abs(hi));
  const fitting = hi - lo > 1e-9 * size ? (hi - lo) * 0.08 : size * 0.1 || 1;
  const pad = Math.max(fitting, (floor - (hi - lo)) / 2);
  return { lo: lo - pad, hi: hi + pad };
};

// The same on a logarithmic scale, which has room for all that is above 0; `floor` is in decades.
export const logRangeOf = (ys, floor = 1) => {
  const powers = Array.from(ys, Math.log10).filter(Number.isFinite);
  const [lo, hi] = powers.length ? [Math.min(...powers), Math.max(...powers)] : [0, 0];
  const pad = Math.max((hi - lo) * 0.08, (floor - (hi - lo)) / 2);
  return { lo: 10 ** (lo - pad), hi: 10 ** (hi + pad), log: true };
};

// 1, 2 or 5 times a power of ten that is not below x.
const roundUp = (x) => {
  const power = 10 ** Math.floor(Math.log10(x));
  return power * [1, 2, 5, 10].find((m) => m * power >= x * (1 - 1e-9));
};

// A range that grows where it must and never shrinks, so that what is drawn keeps its measure: from 0 to round numbers,
// or by whole powers of ten, at first `least` of them. A range that is given, {lo, hi}, stays.
export const growing = ({ lo, hi, log }, least = 1) => {
  const stays = lo !== undefined;
  if (!stays) [lo, hi] = log ? [Infinity, 0] : [0, 0];
  return {
    stays,
    // The range that has room for these as well.
    widen(numbers) {
      const counted = stays ? [] : Array.from(numbers).filter((x) => Number.isFinite(x) && (!log || x > 0));
      if (counted.length) {
        const [low, high] = [Math.min, Math.max].map((end) => counted.reduce((a, b) => end(a, b)));
        if (log) {
          const ends = [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))];
          const first = hi === 0;
          [lo, hi] = [Math.min(lo, ends[0]), Math.max(hi, ends[1])];
          if (first) lo = Math.min(lo, hi * 10 ** -least);
        } else {
          if (low < lo) lo = -roundUp(-low);
          if (high > hi) hi = roundUp(high);
        }
      }
      return hi > lo ? { lo, hi, log } : { lo: log ? 0.1 : lo, hi: log ? 1 : lo + 1, log };
    },
  };
};

// The place in a list of the number that is nearest to x, as `to` measures it.
export const nearest = (xs, x, to = (y) => y) =>
  xs.reduce((best, other, k) => (Math.abs(to(other) - to(x)) < Math.abs(to(xs[best]) - to(x)) ? k : best), 0);
