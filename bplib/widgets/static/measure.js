// The measure of the graph's bars: one logarithmic scale for values and gradients, found once from what the controls
// can reach. It stays as it is while they move, so a gradient that vanishes looks small, and a large one large.

const SAMPLES = 33; // along the range of each control
const DECADES = 5; // that a bar shows
const HEADROOM = 3; // decades: what the range may add to the first state, or one pole would make all else invisible

// Returns the ends of the scale, and what part of the full length a number's bar has.
export const measureOf = ({ tape, controls }, nodes) => {
  const largest = (inputs, samples) => {
    const run = tape.forward(inputs, samples);
    const back = tape.backward(run);
    const sizes = nodes.flatMap((i) => [...run[i], ...back[i]]).map(Math.abs);
    return sizes.filter(Number.isFinite).reduce((a, b) => Math.max(a, b));
  };
  const first = largest(tape.start, 1); // at least 1, the output's own gradient
  const along = ({ lo, hi }) => Float64Array.from({ length: SAMPLES }, (_, k) => lo + (hi - lo) * (k / (SAMPLES - 1)));
  const reached = controls.map((control) => largest(tape.start.with(control.n, along(control)), SAMPLES));
  const most = Math.min(Math.max(first, ...reached), first * 10 ** HEADROOM);
  const top = Math.ceil(Math.log10(most) - 1e-9);
  return {
    lo: 10 ** (top - DECADES),
    hi: 10 ** top,
    decades: DECADES,
    part: (x) => (x ? Math.max(0, Math.min(1, (Math.log10(Math.abs(x)) - top) / DECADES + 1)) : 0),
  };
};
