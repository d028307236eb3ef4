// The one state of a figure: the numbers of its inputs and the learning rate; what follows from them, its source
// computes. A change is tried first; one that leaves a control's range, or the function's domain, changes nothing.
import { fmt } from "./format.js";
import { read, write } from "./states.js";
import { fill, words } from "./words.js";

const REST = 1000; // ms: what moves on sooner is one move, as a drag is
const LONGEST = 200; // steps that a trail keeps

export class Store {
  // source: what the numbers come from (static/sources). It has names and start of the inputs, and
  // run(inputs, rate) makes a frame of them, which holds `inputs`, or a sentence; read(frame, q) is a quantity.
  constructor(source, { controls, tasks = [], rate: first }, inputs, rate) {
    this.source = source;
    this.controls = controls.map(([n, lo, hi, step, stops]) => ({ n, name: source.names[n], lo, hi, step, stops }));
    this.first = first; // the learning rate at the start
    this.rate = rate;
    this.tasks = tasks; // see guide.js
    this.task = 1; // the one the reader is at, counted from 1
    this.events = null; // what the reader did since it began, while it waits for something
    this.message = { text: "", fault: false };
    this.listeners = new Set();
    this.waiting = 0;
    this.now = null; // the frame that is shown
    this.was = null; // the one before the last move
    this.trail = []; // those before each of the gradient steps that came last
    this.last = { move: null, time: 0 };
    this.moved = new Map(); // when each input was moved last
    this.open = new Set(); // the parts of the figure that are shown (guide.js)
    this.pause = () => {}; // ends what makes step after step (parts/training.js)
    if (this.propose(inputs)) this.propose(source.start);
  }

  get inputs() {
    return this.now?.inputs;
  }

  // A quantity, {shape, data}, of what is shown or of an earlier frame.
  read(q, frame = this.now) {
    return this.source.read(frame, q);
  }

  // One frame of the screen shows all changes made since the last. Returns what ends it, and with it `others`.
  subscribe(listener, ...others) {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      others.forEach((end) => end());
    };
  }

  changed() {
    this.waiting ||= requestAnimationFrame(() => this.flush());
  }

  flush() {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
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
    const broken = this.source.whole.find((n) => !Number.isInteger(inputs[n]));
    if (broken !== undefined) return fill(words.store.whole, { x: fmt(inputs[broken]), name: this.source.names[broken] });
    for (const { n, name, lo, hi } of this.controls) {
      if (!(inputs[n] >= lo && inputs[n] <= hi)) {
        return fill(words.store.outside, { x: fmt(inputs[n]), name, lo: fmt(lo), hi: fmt(hi) });
      }
    }
    const frame = this.source.run([...inputs], this.rate);
    if (typeof frame === "string") return frame;
    this.remember(move);
    this.now = frame;
    this.say("");
    return "";
  }

  // Keeps the present state as the one before a move.
  remember(move) {
    const time = performance.now();
    const goesOn = move !== null && move !== "step" && move === this.last.move && time - this.last.time < REST;
    this.last = { move, time };
    this.moved.set(move, time);
    if (goesOn) return;
    this.was = move === null ? null : this.now;
    this.trail = move === "step" ? [...this.trail, this.was].slice(-LONGEST) : [];
  }

  control(n) {
    return this.controls.find((control) => control.n === n);
  }

  // Moves one input. Returns "" or the sentence that is now shown under the figure.
  set(n, x) {
    if (x === this.inputs[n]) return "";
    const fault = this.propose(this.inputs.with(n, x), n);
    if (fault) this.say(fill(words.controls.stays, { fault, name: this.source.names[n], x: fmt(this.inputs[n]) }), true);
    return fault;
  }

  // One step against the gradient: to `next`, predicted to change what `measure` finds. Returns "" or the sentence
  // that is now shown under the figure.
  step({ next, predicted } = this.source.step(this.now, this.rate), measure = () => this.source.measured(this.now), sentence) {
    const before = measure();
    const fault = this.propose(next, "step");
    this.say(fault ? fill(words.store.noStep, { fault }) : this.source.told(before, measure(), predicted, sentence), !!fault);
    if (!fault) this.note("stepped");
    return fault;
  }

  setRate(rate) {
    if (!(rate > 0)) return words.store.rate;
    const before = this.rate;
    this.rate = rate;
    const fault = this.source.replays ? this.propose(this.inputs) : "";
    if (fault) this.rate = before;
    else this.say("");
    return fault;
  }

  reset(inputs = this.source.start, rate = this.first) {
    this.pause();
    this.rate = rate;
    this.propose(inputs);
  }

  // The inputs that can move, in their order: what a shared state holds.
  get movable() {
    const moving = new Set([...this.controls.map(({ n }) => n), ...this.source.movable]);
    return this.source.names.map((name, n) => ({ n, name })).filter(({ n }) => moving.has(n));
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
    const { names, start } = this.source;
    const before = this.rate;
    this.rate = found.rate ?? this.first;
    const fault = this.propose(names.map((name, n) => found.numbers[name] ?? start[n]));
    if (fault) this.rate = before;
    else this.task = found.task ?? this.task;
    return fault;
  }

  // What views of a recorded graph read: its numbers by their place on the tape (sources/tape.js).

  get tape() {
    return this.source.tape;
  }

  get labels() {
    return this.source.labels;
  }

  get params() {
    return this.source.params;
  }

  get data() {
    return this.source.data;
  }

  get run() {
    return this.now.run;
  }

  get values() {
    return this.now.values;
  }

  get grads() {
    return this.now.grads;
  }

  replaced(node, xs, inputs = this.inputs) {
    return this.source.replaced(node, xs, inputs);
  }

  sweep(n, xs, node, inputs = this.inputs) {
    return this.source.sweep(n, xs, node, inputs);
  }

  gradientsOf(node, frame = this.now) {
    return this.source.gradientsOf(node, frame);
  }
}
