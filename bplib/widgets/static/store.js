// The one state of a figure: the numbers of the tape's inputs, and everything that follows from them.
// A change is tried first; one that leaves a control's range, or the function's domain, changes nothing.
import { Tape } from "./tape.js";
import { Labels } from "./labels.js";
import { fmt } from "./format.js";
import { read, write } from "./states.js";
import { fill, words } from "./words.js";

const REST = 1000; // ms: what moves on sooner is one move, as a drag is
const LONGEST = 200; // steps that a trail keeps

export class Store {
  constructor({ tape, labels, controls, params, data = [], tasks = [], rate: first }, inputs, rate) {
    this.tape = new Tape(tape);
    this.labels = new Labels(labels);
    const place = (n) => ({ n, node: this.tape.inputs[n], name: this.tape.names[this.tape.inputs[n]] });
    this.controls = controls.map(([n, lo, hi, step]) => ({ ...place(n), lo, hi, step }));
    this.params = params.map(place);
    this.data = data.map(([n, column]) => ({ n, column })); // see samples.js
    this.first = first; // the learning rate at the start
    this.rate = rate;
    this.tasks = tasks; // see guide.js
    this.task = 1; // the one the reader is at, counted from 1
    this.events = null; // what the reader did since it began, while it waits for something
    this.message = { text: "", fault: false };
    this.listeners = new Set();
    this.frame = 0;
    this.was = null; // the state before the last move: {inputs, run, values, grads}
    this.trail = []; // the states before each of the gradient steps that came last
    this.last = { move: null, time: 0 };
    if (this.propose(inputs)) this.propose(this.tape.start);
  }

  // One frame shows all changes made since the last.
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    for (const listener of this.listeners) listener();
  }

  // Tells what the reader did that the numbers don't show: "stepped", "walked" through both passes, "read" a node or
  // an edge, which is two.
  note(...event) {
    this.events?.push(event);
    this.changed();
  }

  say(text, fault = false) {
    this.message = { text, fault };
    this.changed();
  }

  // Takes the inputs if everything they lead to is a number. Returns "" or a sentence that says what isn't.
  // move: the input that is moved, or "step"; a change without one is a new start.
  propose(inputs, move = null) {
    for (const { n, name, lo, hi } of this.controls) {
      if (!(inputs[n] >= lo && inputs[n] <= hi)) {
        return fill(words.store.outside, { x: fmt(inputs[n]), name, lo: fmt(lo), hi: fmt(hi) });
      }
    }
    const run = this.tape.forward(inputs);
    const back = this.tape.backward(run);
    if (!this.tape.finite(run, back)) {
      const node = this.tape.nodes.findIndex((_, i) => !Number.isFinite(run[i][0]));
      return node < 0 ? words.store.gradientUndefined : fill(words.store.undefined, { name: this.labels.names[node] });
    }
    this.remember(move);
    this.inputs = [...inputs];
    this.run = run;
    this.values = run.map((row) => row[0]);
    this.grads = back.map((row) => row[0]);
    this.say("");
    return "";
  }

  // Keeps the present state as the one before a move.
  remember(move) {
    const time = performance.now();
    const goesOn = move !== null && move !== "step" && move === this.last.move && time - this.last.time < REST;
    this.last = { move, time };
    if (goesOn) return;
    this.was = move === null ? null : { inputs: this.inputs, run: this.run, values: this.values, grads: this.grads };
    this.trail = move === "step" ? [...this.trail, this.was].slice(-LONGEST) : [];
  }

  control(n) {
    return this.controls.find((control) => control.n === n);
  }

  // Moves one input. Returns "" or the sentence that is now shown under the figure.
  set(n, x) {
    if (x === this.inputs[n]) return "";
    const fault = this.propose(this.inputs.with(n, x), n);
    if (fault) this.say(fill(words.controls.stays, { fault, name: this.labels.names[this.tape.inputs[n]], x: fmt(this.inputs[n]) }), true);
    return fault;
  }

  // One step against the gradient: predicted change of the output = sum of gradient times movement. Returns ""
  // or the sentence that is now shown under the figure. Over data, gradients and measure are means.
  step(grads = this.grads, measure = () => this.values[this.tape.output], sentence = words.store.step) {
    const before = measure();
    const next = [...this.inputs];
    let predicted = 0;
    for (const { n, node } of this.params) {
      next[n] -= this.rate * grads[node];
      predicted += grads[node] * (next[n] - this.inputs[n]);
    }
    const fault = this.propose(next, "step");
    const output = this.labels.names[this.tape.output];
    this.say(
      fault ? fill(words.store.noStep, { fault })
        : fill(sentence, { output, predicted: fmt(predicted), truth: fmt(measure() - before) }),
      !!fault,
    );
    if (!fault) this.note("stepped");
    return fault;
  }

  setRate(rate) {
    if (!(rate > 0)) return words.store.rate;
    this.rate = rate;
    this.say("");
    return "";
  }

  reset(inputs = this.tape.start, rate = this.first) {
    this.rate = rate;
    this.propose(inputs);
  }

  // Every node while one of them, computed or not, holds the numbers xs in place of its own.
  replaced(node, xs, inputs = this.inputs) {
    return this.tape.forward(inputs, xs.length, { node, xs });
  }

  // One quantity along an input, the other inputs as they are. NaN where the figure could not go.
  sweep(n, xs, node, inputs = this.inputs) {
    const run = this.replaced(this.tape.inputs[n], xs, inputs);
    return run[node].map((y, s) => (this.tape.finite(run, null, s) ? y : NaN));
  }

  // d node / d every node at the present state, or at the one before the last move.
  gradientsOf(node, at = this) {
    return node === this.tape.output ? at.grads : this.tape.backward(at.run, node).map((row) => row[0]);
  }

  // The inputs that can move, in the order of the tape: what a shared state holds.
  get movable() {
    const moving = new Set([...this.controls, ...this.params, ...this.data].map(({ n }) => n));
    return this.tape.inputs.map((node, n) => ({ n, name: this.tape.names[node] })).filter(({ n }) => moving.has(n));
  }

  state(name) {
    return write(name, {
      numbers: Object.fromEntries(this.movable.map(({ n, name }) => [name, this.inputs[n]])),
      rate: this.rate === this.first ? null : this.rate,
      task: this.task === 1 ? null : this.task,
    });
  }

  // Takes "1:w=0.5,b=0.1&rate=2&task=3". Returns "" or a sentence.
  restore(text) {
    const found = read(text, this.movable.map(({ name }) => name), this.tasks.length);
    if (typeof found === "string") return found;
    const fault = this.propose(this.tape.inputs.map((node, n) => found.numbers[this.tape.names[node]] ?? this.tape.start[n]));
    if (fault) return fault;
    this.rate = found.rate ?? this.first;
    this.task = found.task ?? this.task;
    return "";
  }
}
