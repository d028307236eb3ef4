// What δ of an output is, told from the graph and not from the loss's name.

const TRIED = 5; // points at which a rule is tried

// targetOf(unit): the target t for which δ of an output is (a − t) / outputs, whatever the numbers: that of a sigmoid
// under cross-entropy, however the loss is written. Tried at points where nothing is 0 by chance.
export const targetsOf = (store, { others, outputs }) => {
  const { tape } = store;
  const find = ({ z, a }) => {
    if (tape.nodes[a].join() !== `sigmoid,${z}`) return undefined;
    const columns = tape.inputs.map((_, n) => Float64Array.from({ length: TRIED }, (_, s) => {
      const part = ((n + 1) * 0.7548776662 + (s + 1) * 0.569840291) % 1;
      const { lo, hi } = store.control(n) ?? { lo: tape.start[n] - 1, hi: tape.start[n] + 1 };
      return lo + part * (hi - lo);
    }));
    const run = tape.forward(columns, TRIED);
    const delta = tape.backward(run)[z];
    const fits = (t) => delta.every((x, s) => Math.abs(x - (run[a][s] - run[t][s]) / outputs.length) < 1e-9);
    return others.find(fits);
  };
  const found = new Map();
  return (unit) => {
    if (!found.has(unit)) found.set(unit, find(unit));
    return found.get(unit);
  };
};
