// Numbers that count something.
import { fmt } from "./format.js";

// A whole number in full, its digits in groups of three; any other as usual.
export const count = (x) =>
  Number.isInteger(x) && Math.abs(x) < 1e15 ? x.toLocaleString("en-US").replace("-", "−") : fmt(x);
