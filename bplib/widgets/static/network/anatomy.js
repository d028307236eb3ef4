// What a network is made of, from the spec of its view: units, and parameters as edges into them.

export const anatomyOf = ({ tape }, { layers, sums, weights, biases }) => {
  const units = sums.flatMap((row, l) => row.map((z, i) => ({ z, a: layers[l + 1][i], layer: l + 1, i })));
  // A parameter is an edge {n, node, unit, from}; a bias comes from nowhere.
  const params = units.flatMap((unit) => {
    const { layer, i } = unit;
    const all = weights[layer - 1][i].map((n, j) => ({ n, from: layers[layer - 1][j] }));
    const b = biases[layer - 1]?.[i];
    return [...all, ...(b === undefined ? [] : [{ n: b }])].map((p) => ({ ...p, node: tape.inputs[p.n], unit }));
  });
  const into = (unit) => params.filter((p) => p.unit === unit);
  const layer = (k) => units.filter((unit) => unit.layer === k);
  // Every node of the network as it is computed, and the inputs of the tape that are no part of it, as a target is.
  const order = [
    ...layers[0],
    ...sums.flatMap((_, l) => {
      const row = layer(l + 1);
      return [...row.flatMap(into).map(({ node }) => node), ...row.map(({ z }) => z), ...row.map(({ a }) => a)];
    }),
  ];
  return {
    layers, units, params, into, layer, order,
    others: tape.inputs.filter((i) => !order.includes(i)),
    outOf: (a) => params.filter((p) => p.from === a),
    depth: sums.length,
    biased: biases.length > 0,
    outputs: layers.at(-1),
    top: tape.output,
  };
};
