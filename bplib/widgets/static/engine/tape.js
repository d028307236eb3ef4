// The tape in the page: the same lists that bplib/tape.py writes, run by the same rules as bplib/ops.py.
// A rule gives the value, then one local derivative for each argument (y is the value, found first).
// The names stand in the order of the op table in Python, and a test compares both, operation by operation.

const logistic = (a) => {
  const e = Math.exp(-Math.abs(a)); // can't overflow
  return (a >= 0 ? 1 : e) / (1 + e);
};
const logisticSlope = (a) => {
  const e = Math.exp(-Math.abs(a));
  return e / ((1 + e) * (1 + e));
};
const larger = (a, b, sign) => (a !== a || sign * a > sign * b ? a : b);
const largerSlope = (a, b, sign) => (sign * a > sign * b ? 1 : sign * a < sign * b ? 0 : 0.5);

export const RULES = {
  add: [(a, b) => a + b, () => 1, () => 1],
  sub: [(a, b) => a - b, () => 1, () => -1],
  mul: [(a, b) => a * b, (a, b) => b, (a) => a],
  div: [(a, b) => a / b, (a, b) => 1 / b, (a, b) => -a / b / b],
  pow: [
    (a, b) => Math.pow(a, b),
    (a, b) => b * Math.pow(b === 0 ? 1 : a, b - 1),
    (a, b, y) => (a > 0 ? y * Math.log(a) : a === 0 && b > 0 ? 0 : NaN),
  ],
  neg: [(a) => -a, () => -1],
  exp: [Math.exp, (a, b, y) => y],
  log: [Math.log, (a) => 1 / a],
  sin: [Math.sin, Math.cos],
  cos: [Math.cos, (a) => -Math.sin(a)],
  tanh: [Math.tanh, (a) => 4 * logisticSlope(2 * a)],
  sigmoid: [logistic, logisticSlope],
  relu: [(a) => (a <= 0 ? 0 : a), (a) => (a <= 0 ? 0 : 1)],
  leaky_relu: [
    (a, slope) => (a > 0 ? a : slope * a),
    (a, slope) => (a > 0 ? 1 : slope),
    (a) => (a > 0 ? 0 : a),
  ],
  softplus: [(a) => (a <= 0 ? 0 : a) + Math.log1p(Math.exp(-Math.abs(a))), logistic],
  sqrt: [Math.sqrt, (a, b, y) => 0.5 / y],
  abs: [Math.abs, (a) => (a > 0 ? 1 : a < 0 ? -1 : 0)],
  maximum: [
    (a, b) => larger(a, b, 1),
    (a, b) => largerSlope(a, b, 1),
    (a, b) => 1 - largerSlope(a, b, 1),
  ],
  minimum: [
    (a, b) => larger(a, b, -1),
    (a, b) => largerSlope(a, b, -1),
    (a, b) => 1 - largerSlope(a, b, -1),
  ],
};

const isLeaf = (node) => node[0] === "input" || node[0] === "const";

export class Tape {
  // dict: what Tape.to_dict() returns in Python, which has checked it.
  constructor(dict) {
    this.nodes = dict.nodes;
    this.inputs = dict.inputs;
    this.watch = dict.watch;
    this.output = dict.output;
    this.names = dict.nodes.map(() => "");
    for (const [i, name] of dict.names) this.names[i] = name;
    this.start = this.inputs.map((i) => this.nodes[i][1]);
  }

  // The local derivatives of node i at one sample of a run: one for each argument, null for a constant.
  locals(i, values, sample = 0) {
    const [op, j, k] = this.nodes[i];
    if (isLeaf(this.nodes[i])) return [];
    const a = values[j][sample];
    const b = k === undefined ? undefined : values[k][sample];
    return this.nodes[i].slice(1).map((parent, n) =>
      this.nodes[parent][0] === "const" ? null : RULES[op][n + 1](a, b, values[i][sample]));
  }

  // Room for a run or for its derivatives: one Float64Array a node.
  rows(samples) {
    return this.nodes.map(() => new Float64Array(samples));
  }

  // inputs: for each of this.inputs a number, or an array of `samples` numbers. With held = {node, xs}
  // that node is not computed: it holds the numbers xs. Returns one Float64Array a node, new ones or those of
  // an earlier run.
  forward(inputs, samples = 1, held = null, values = this.rows(samples)) {
    this.inputs.forEach((i, n) => (typeof inputs[n] === "number" ? values[i].fill(inputs[n]) : values[i].set(inputs[n])));
    this.nodes.forEach(([op, j, k], i) => {
      const out = values[i];
      if (i === held?.node) return void out.set(held.xs);
      if (op === "input") return;
      if (op === "const") return void out.fill(j);
      const a = values[j];
      const b = k === undefined ? a : values[k];
      // Networks are made of add and mul: written out, they run four times as fast as through the table.
      if (op === "add") for (let s = 0; s < samples; s++) out[s] = a[s] + b[s];
      else if (op === "mul") for (let s = 0; s < samples; s++) out[s] = a[s] * b[s];
      else {
        const value = RULES[op][0];
        for (let s = 0; s < samples; s++) out[s] = value(a[s], b[s]);
      }
    });
    return values;
  }

  // values: what forward returned. Returns d output / d node, sample by sample, in the same form;
  // or the derivatives of another node, for a curve of that quantity.
  backward(values, of = this.output, grads = this.rows(values[0].length)) {
    const samples = values[0].length;
    for (const row of grads) row.fill(0);
    grads[of].fill(1);
    for (let i = of; i >= 0; i--) {
      if (isLeaf(this.nodes[i])) continue;
      const [op, j, k] = this.nodes[i];
      const a = values[j];
      const b = k === undefined ? a : values[k];
      this.nodes[i].slice(1).forEach((parent, n) => {
        if (this.nodes[parent][0] === "const") return; // a constant does not move
        const dy = grads[i];
        const dp = grads[parent];
        const other = n === 0 ? b : a;
        if (op === "add") for (let s = 0; s < samples; s++) dp[s] += dy[s];
        else if (op === "mul") for (let s = 0; s < samples; s++) dp[s] += dy[s] * other[s];
        else {
          const y = values[i];
          const local = RULES[op][n + 1];
          for (let s = 0; s < samples; s++) dp[s] += dy[s] * local(a[s], b[s], y[s]);
        }
      });
    }
    return grads;
  }

  // Whether every node, and every gradient if given, is finite in a sample: otherwise the sample is a gap.
  finite(values, grads, sample = 0) {
    const fine = (rows) => rows.every((row) => Number.isFinite(row[sample]));
    return fine(values) && (!grads || fine(grads));
  }
}
