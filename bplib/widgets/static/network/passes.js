// The three states of a network, layer by layer: forward, backward, update; and what is known after each step.
// Layer 0 are the inputs, the layer after the last is the loss.

// The steps of one sample, in which rows is 0, or of an epoch of so many samples.
export const stepsOf = (depth, rows, update) => {
  const pass = [
    ...Array.from({ length: depth + 1 }, (_, l) => ({ phase: "forward", layer: l + 1 })),
    ...Array.from({ length: depth }, (_, l) => ({ phase: "backward", layer: depth - l })),
  ];
  const samples = Array.from({ length: rows }, (_, row) => pass.map((step) => ({ ...step, row })));
  return [...(rows ? samples.flat() : pass), ...(update ? [{ phase: "update" }] : [])];
};

// What is known after a step, or without one before the first; all of it where taken is null. After an update nothing
// is. value, gradient: whether those of a layer are known. rows: how many of `count` samples have left their gradients.
export const knownAfter = (step, taken, depth, count) => {
  const all = taken === null;
  const back = step?.phase === "backward" ? step.layer : Infinity;
  const ahead = back <= depth ? depth + 1 : step?.phase === "forward" ? step.layer : 0;
  return {
    value: (layer) => all || layer <= ahead,
    gradient: (layer) => all || layer >= back,
    rows: (layer) => (all ? count : (step?.row ?? 0) + (layer >= back ? 1 : 0)),
    stale: step?.phase === "update",
  };
};
