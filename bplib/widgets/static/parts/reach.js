// What a figure can reach, tried at some of its inputs: from it views fix their scales before anything moves.
import { snap } from "../move.js";

const STOPS = 9; // along the range of each control

// The inputs at the ends of the controls' ranges, at most so many.
export const corners = (controls, start, most) => {
  let all = [start];
  for (const { n, lo, hi } of controls) {
    if (2 * all.length <= most) all = all.flatMap((inputs) => [inputs.with(n, lo), inputs.with(n, hi)]);
  }
  return all;
};

// Corners, and stops along each range while the other inputs are at their start. Training is not tried: it would be
// replayed for each of them.
export const tries = ({ controls, source }) => {
  const moved = controls.filter(({ n }) => !source.movable.includes(n));
  const along = moved.flatMap((control) => {
    const { n, lo, hi } = control;
    const stops = Array.from({ length: STOPS }, (_, k) => snap(control, lo + ((hi - lo) * k) / (STOPS - 1)));
    const counted = source.whole.includes(n) ? stops.map(Math.round) : stops;
    return [...new Set(counted)].map((x) => source.start.with(n, x));
  });
  return [...corners(moved, source.start, 16), ...along];
};
