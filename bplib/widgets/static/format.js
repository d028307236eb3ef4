// Numbers in and out: how they are written on screen, and what counts as one when typed.
import { words } from "./words.js";

// At most `digits` significant digits, a true minus sign, and words where there is no number.
export const fmt = (x, digits = 6) => {
  if (!Number.isFinite(x)) return words.numbers.undefined;
  const y = Number(x.toPrecision(digits));
  const size = Math.abs(y);
  const text = size && (size < 1e-4 || size >= 1e6) ? y.toExponential().replace("e+", "e") : String(y + 0);
  return text.replaceAll("-", "−");
};

// A name that is longer than its room ends in dots.
export const shortened = (name, room) => (name.length <= room ? name : `${name.slice(0, Math.max(1, room - 1))}…`);

// With as many digits as fit, at most `most`; where not even one has room, as a digit and a power of ten.
export const fitted = (x, fits, most = 6) =>
  Array.from({ length: most }, (_, k) => fmt(x, most - k)).find(fits) ??
  x.toExponential(0).replace("e+", "e").replaceAll("-", "−");

// A shape as Python writes it.
export const shaped = (axes) => `(${axes.join(", ")}${axes.length === 1 ? "," : ""})`;

const NUMBER = /^[+−-]?(\d+\.?\d*|\.\d+)(e[+−-]?\d+)?$/i;

// The number that a text writes, or a sentence that says why it writes none.
export const parse = (text) => {
  const trimmed = text.trim();
  if (!trimmed) return words.numbers.missing;
  if (/^[+−-]?\d+,\d+$/.test(trimmed)) return words.numbers.point;
  if (!NUMBER.test(trimmed)) return words.numbers.none;
  const x = Number(trimmed.replaceAll("−", "-"));
  return Number.isFinite(x) ? x : words.numbers.large;
};
