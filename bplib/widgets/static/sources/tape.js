// A recorded graph of single numbers behind a figure: its inputs move, each of its nodes can be read.
import { grid } from "../engine/grid.js";
import { Tape } from "../engine/tape.js";
import { Labels } from "../labels.js";
import { fmt } from "../format.js";
import { fill, words } from "../words.js";

const number = (x) => ({ shape: [], data: Float64Array.of(x) });

export class TapeSource {
  // What TapeSource.spec says in Python (bplib/widgets/sources/tape.py).
  constructor({ tape, labels, params, data = [], whole = [] }) {
    this.tape = new Tape(tape);
    this.labels = new Labels(labels);
    this.names = this.tape.inputs.map((node) => this.tape.names[node]);
    this.start = this.tape.start;
    this.output = this.labels.names[this.tape.output];
    this.params = params.map((n) => ({ n, node: this.tape.inputs[n], name: this.names[n] }));
    this.data = data.map(([n, column]) => ({ n, column })); // see samples.js
    this.whole = whole;
    this.learns = params.length > 0;
    this.movable = [...params, ...this.data.map(({ n }) => n)]; // beside the controls
  }

  // Everything at these inputs, or a sentence that says what is no number there.
  run(inputs) {
    const run = this.tape.forward(inputs);
    const back = this.tape.backward(run);
    if (!this.tape.finite(run, back)) {
      const node = this.tape.nodes.findIndex((_, i) => !Number.isFinite(run[i][0]));
      return node < 0 ? words.store.gradientUndefined : fill(words.store.undefined, { name: this.labels.names[node] });
    }
    return { inputs, run, values: run.map((row) => row[0]), grads: back.map((row) => row[0]) };
  }

  measured({ values }) {
    return values[this.tape.output];
  }

  // Where one step against the gradient leads, and how much it is to change the output: the sum of gradient times
  // movement. Over data, gradients are means.
  step({ inputs, grads: own }, rate, grads = own) {
    const next = [...inputs];
    let predicted = 0;
    for (const { n, node } of this.params) {
      next[n] -= rate * grads[node];
      predicted += grads[node] * (next[n] - inputs[n]);
    }
    return { next, predicted };
  }

  told(before, after, predicted, sentence = words.store.step) {
    return fill(sentence, { output: this.output, predicted: fmt(predicted), truth: fmt(after - before) });
  }

  // Named quantities, as in the other sources.
  read(frame, q) {
    if (q.field) return this.field(frame, q);
    const name = q.d ?? q;
    const node = this.tape.names.indexOf(name);
    if (node < 0 || typeof name !== "string") throw new Error(fill(words.engine.noNode, { name: JSON.stringify(q) }));
    return number((q.d ? frame.grads : frame.values)[node]);
  }

  // A node on a grid of two inputs, the others as they are. NaN where the figure could not go.
  field({ inputs }, { field, over, x, y, cells }) {
    const node = this.tape.names.indexOf(field);
    const points = grid(x, y, cells);
    const numbers = inputs.map((number, n) => points[over.indexOf(this.names[n])] ?? number);
    const run = this.tape.forward(numbers, cells * cells);
    // The sum of all nodes times 0 is 0, or NaN where one of them is no number: row by row, that is quick.
    const gaps = new Float64Array(cells * cells);
    for (const row of run) for (let s = 0; s < gaps.length; s++) gaps[s] += row[s] * 0;
    return { shape: [cells, cells], data: run[node].map((z, s) => z + gaps[s]) };
  }

  // Every node while one of them, computed or not, holds the numbers xs in place of its own.
  replaced(node, xs, inputs) {
    return this.tape.forward(inputs, xs.length, { node, xs });
  }

  // One quantity along an input, the other inputs as they are. NaN where the figure could not go.
  sweep(n, xs, node, inputs) {
    const run = this.replaced(this.tape.inputs[n], xs, inputs);
    return run[node].map((y, s) => (this.tape.finite(run, null, s) ? y : NaN));
  }

  // d node / d every node at one of the states.
  gradientsOf(node, frame) {
    return node === this.tape.output ? frame.grads : this.tape.backward(frame.run, node).map((row) => row[0]);
  }
}
