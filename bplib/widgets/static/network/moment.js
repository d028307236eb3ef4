// What is known and shown of a network at a moment: found once for every change, and the same for all its parts.
import { knownAfter } from "./passes.js";

// Returns a function of the present choices, {taken, step, whole, shown, picked, chosen}.
export const momentsOf = (store, { params, depth }, samples) => {
  const { count } = samples;
  // All samples at the present parameters, found again when something has moved.
  let [all, at] = [null, null];
  const epoch = () => {
    if (at !== store.inputs) [all, at] = [samples.all(), store.inputs];
    return all;
  };
  return (choices) => {
    const { taken, step, whole, shown } = choices;
    const known = knownAfter(step, taken, depth, count);
    // The gradients of a parameter so far, each with its share of the mean: the mean, once all are in.
    const part = ({ node, unit }) => epoch().back[node].slice(0, known.rows(unit.layer)).reduce((a, b) => a + b, 0) / count;
    const gradientOf = (p) => {
      if (whole) return known.rows(p.unit.layer) ? part(p) : null;
      return known.gradient(p.unit.layer) ? store.grads[p.node] : null;
    };
    const numberOf = (p) => (shown === "weights" ? store.values[p.node] : gradientOf(p)); // that an edge shows
    const largest = Math.max(0, ...params.map((p) => Math.abs(numberOf(p))));
    return { ...choices, ...known, count, epoch, part, gradientOf, numberOf, largest };
  };
};
