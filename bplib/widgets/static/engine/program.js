// A program: a network of array pairs, run forward, backward and in training. What Program.to_dict() writes in
// Python comes in; what a view can ask for goes out as named quantities:
//   value("0.W"), value("3"), value("out")   an array: a parameter, the output of layer 3, of the last layer
//   d("0.W")                                 the gradient of the loss with respect to it
//   d("0.W", 3)                              what sample 3 brings to it: one outer product for an affine layer
//   d("0.W", "each")                         what each brings, one after the other
//   vjp("out", [2, 0]).d("x")                the footprint of one output cell: d out[2, 0] / d x
//   by("layer", "rms")                       one number a layer, of values and of gradients
//   jacobian("1", "0", 2)                    d of sample 2's part of one array / d its part of another
//   field("out", [-2, 2], [-2, 2], 32)       an array on a grid of inputs, as what colours a plane
//   history("loss")                          the loss before each step of training
// or one of them written as data, quantity({ d: "0.W", sample: 3 }), the form in which Python names them.
// Every buffer of a step is made once, in the constructor: a value or a d that is handed out is overwritten by the
// next run; a sample's part and a footprint are copies.
import { grid } from "./grid.js";
import { PAIRS, count } from "./pairs.js";
import { unpacked } from "./packed.js";
import { normals, shuffled, uniforms } from "./random.js";

const VERSION = 1;
// Streams of random numbers: parameters have those from 0 on.
const EPOCHS = 2 ** 20;
const MASKS = 2 ** 21;

const list = (names) => [...names].join(", ");

export const MEASURES = {
  rms: (x) => Math.sqrt(x.reduce((sum, a) => sum + a * a, 0) / x.length),
  norm: (x) => Math.sqrt(x.reduce((sum, a) => sum + a * a, 0)),
  largest: (x) => x.reduce((top, a) => Math.max(top, Math.abs(a)), 0),
  zeros: (x) => x.reduce((sum, a) => sum + (a === 0), 0) / x.length,
};

export class Program {
  // rows: how many samples a batch has. Another program `of` this wire may share its parameters and statistics, and
  // run on other inputs, {shape, data}.
  constructor(wire, { rows = wire.rows, inputs = null, of = null } = {}) {
    if (wire.version !== VERSION) throw new Error(`This page reads programs of version ${VERSION}, not ${wire.version}.`);
    const given = new Map(wire.arrays.map((array) => [array.name, array]));
    this.wire = wire;
    this.arrays = new Map();
    this.samples = (inputs ?? given.get("x")).shape[0];
    this.rows = Math.min(rows ?? this.samples, this.samples);
    // Parameters lie one after the other, so that an optimiser is one loop.
    const sizes = wire.params.map((name) => count(given.get(name).shape));
    this.params = of?.params ?? new Float64Array(sizes.reduce((sum, n) => sum + n, 0));
    let at = 0;
    wire.params.forEach((name, k) => {
      const { shape, data } = given.get(name);
      const place = this.put(name, shape, this.params.subarray(at, (at += sizes[k]))).data;
      if (data && !of) place.set(unpacked(given.get(name)));
    });
    this.columns = []; // x and y: all samples, and the data of the array that holds a batch of them
    for (const array of wire.arrays) if (!this.arrays.has(array.name)) this.take(array, inputs, of);
    this.steps = wire.steps.map((step) => this.step(step));
    this.masked = this.steps.filter(({ op }) => op === "dropout");
    this.arrays.set("out", this.arrays.get(wire.out));
    this.loss = this.arrays.get("loss");
    // What has a gradient: parameters first, then what is computed, then x and y if they are no whole numbers.
    this.weight = 1; // the loss's own gradient: how many rows a batch has for a sum in place of a mean
    this.losses = []; // before each step of training
    this.planes = new Map(); // see field
    this.leaves = ["x", "y"].filter((name) => !given.get(name).whole).map((name) => this.arrays.get(name));
    const computed = this.steps.map(({ out }) => out);
    this.moving = [...wire.params.map((name) => this.arrays.get(name)), ...computed, ...this.leaves];
    this.main = this.pass();
    this.aside = null; // a second set, for what is asked beside the loss
    this.enter(this.main);
    this.gradients = this.main.buffer.subarray(0, this.params.length);
    // What was given, to begin anew with.
    this.first = of ? [] : wire.arrays.filter(({ data, rowwise }) => data && !rowwise).map(({ name }) => [this.find(name).data, this.find(name).data.slice()]);
    this.given = this.columns.map(({ all }) => all.slice());
    if (of) this.restart(of.seed);
    else this.draw(wire.seed);
  }

  // A further given array: x and y, a mask with a row for each sample of a batch, or statistics.
  take(array, inputs, of) {
    const { name, shape, rowwise } = array;
    if (!rowwise) {
      if (of) this.arrays.set(name, of.find(name));
      else this.put(name, shape, unpacked(array));
      return;
    }
    const size = count(shape.slice(1));
    const sent = array.data && !inputs ? unpacked(array) : null; // masks are drawn, not sent
    const all = sent ?? (inputs && name === "x" ? inputs.data : new Float64Array(this.samples * size));
    const { data } = this.put(name, [this.rows, ...shape.slice(1)], all.slice(0, this.rows * size));
    if (name === "x" || name === "y") this.columns.push({ data, all });
  }

  step({ op, args: names, out: name, options, arrays }) {
    const args = names.map((arg) => this.arrays.get(arg));
    const extra = Object.fromEntries(Object.entries(arrays).map(([option, array]) => [option, this.arrays.get(array)]));
    const shape = PAIRS[op].shape(args, options, extra);
    const out = this.put(name, shape, new Float64Array(count(shape)));
    const step = { op, pair: PAIRS[op], args, out, options: { ...options }, arrays: extra, saved: null };
    step.saved = PAIRS[op].save?.(step) ?? null;
    return step;
  }

  put(name, shape, data) {
    const array = { name, shape, data, grad: null };
    this.arrays.set(name, array);
    return array;
  }

  // Room for one set of gradients, and which part of it belongs to which array.
  pass() {
    const sizes = this.moving.map(({ data }) => data.length);
    const buffer = new Float64Array(sizes.reduce((sum, n) => sum + n, 0));
    let at = 0;
    return { buffer, views: sizes.map((n) => buffer.subarray(at, (at += n))) };
  }

  enter(pass) {
    for (let k = 0; k < this.moving.length; k++) this.moving[k].grad = pass.views[k];
  }

  // Whether backward fills the gradients of x and y.
  want(on) {
    const first = this.moving.length - this.leaves.length;
    for (let k = 0; k < this.leaves.length; k++) this.leaves[k].grad = on ? this.main.views[first + k] : null;
  }

  find(name) {
    const array = this.arrays.get(name);
    if (!array) throw new Error(`There is no array ${name} in this program. It has ${list(this.arrays.keys())}.`);
    return array;
  }

  // --- running --------------------------------------------------------------------------------------

  forward(steps = this.steps.length) {
    for (let k = 0; k < steps; k++) this.steps[k].pair.forward(this.steps[k]);
    return this.loss.data[0];
  }

  // Fills every gradient of the loss, those of x and y too.
  backward() {
    this.main.buffer.fill(0);
    this.loss.grad[0] = this.weight;
    this.back(this.steps.length - 1);
  }

  back(last) {
    for (let k = last; k >= 0; k--) this.steps[k].pair.backward(this.steps[k]);
  }

  run() {
    this.forward();
    this.backward();
    return this.loss.data[0];
  }

  // --- named quantities -----------------------------------------------------------------------------

  value(name) {
    const { shape, data } = this.find(name);
    return { shape, data };
  }

  d(name, sample) {
    const array = this.find(name);
    const place = this.moving.indexOf(array);
    if (place < 0) throw new Error(`${name} has no gradient: it holds whole numbers, a mask or statistics.`);
    if (sample === "each") {
      const terms = Array.from({ length: this.rows }, (_, k) => [...this.term(array, place, k)]);
      return { shape: [this.rows, ...array.shape], data: Float64Array.from(terms.flat()) };
    }
    const data = sample === undefined ? this.main.views[place] : this.term(array, place, sample);
    return { shape: array.shape, data };
  }

  // What one sample brings to a parameter's gradient: its backward, with the other samples' rows of dout at 0.
  term(array, place, sample) {
    if (!this.wire.params.includes(array.name)) {
      throw new Error(`${array.name} is no parameter: its gradient is not a sum over samples.`);
    }
    if (!(sample >= 0 && sample < this.rows)) {
      throw new Error(`There is no sample ${sample}; they count from 0 to ${this.rows - 1}.`);
    }
    const { views } = (this.aside ??= this.pass());
    const mine = views[place].fill(0);
    for (const step of this.steps) {
      if (!step.args.includes(array)) continue;
      const n = step.out.data.length / this.rows;
      const whole = step.out.grad;
      for (const arg of step.args) arg.grad = arg === array ? mine : null;
      step.out.grad = views[this.moving.indexOf(step.out)].fill(0);
      step.out.grad.set(whole.subarray(sample * n, (sample + 1) * n), sample * n);
      step.pair.backward(step);
      this.enter(this.main);
    }
    return mine.slice();
  }

  // The derivatives of one entry of an array, at `cell`, one number for each axis. Ask for them before the next
  // question.
  vjp(name, cell) {
    const array = this.find(name);
    const last = this.steps.findIndex(({ out }) => out === array);
    const at = cell.reduce((sum, k, axis) => sum * array.shape[axis] + k, 0);
    const inside = cell.length === array.shape.length && cell.every((k, axis) => k >= 0 && k < array.shape[axis]);
    if (last < 0) throw new Error(`${name} is not computed, so nothing leads to it.`);
    if (!inside) throw new Error(`${name} has shape (${list(array.shape)}): there is no cell (${list(cell)}).`);
    const { buffer, views } = (this.aside ??= this.pass());
    buffer.fill(0);
    this.enter(this.aside);
    array.grad[at] = 1;
    this.back(last);
    this.enter(this.main);
    return {
      d: (of) => {
        const place = this.moving.indexOf(this.find(of));
        if (place < 0) throw new Error(`${of} has no gradient: it holds whole numbers, a mask or statistics.`);
        return { shape: this.moving[place].shape, data: views[place].slice() };
      },
    };
  }

  by(group, measure) {
    const names = { layer: this.wire.layers, parameter: this.wire.params }[group];
    if (!names) throw new Error(`There is no group ${group}: by("layer", ...) or by("parameter", ...).`);
    if (!MEASURES[measure]) {
      throw new Error(`There is no measure ${measure}: it is one of ${list(Object.keys(MEASURES))}.`);
    }
    const of = (read) => Float64Array.from(names, (name) => MEASURES[measure](read(name).data));
    return { names, values: of((name) => this.value(name)), gradients: of((name) => this.d(name)) };
  }

  // One sample's part of an array with respect to its part of another, one row for each of its numbers.
  jacobian(of, name, sample) {
    const [out, input] = [this.find(of), this.find(name)];
    const [m, n] = [out, input].map(({ data, shape }) => {
      if (shape[0] !== this.rows) throw new Error(`${of} and ${name} need a row for each sample.`);
      return data.length / shape[0];
    });
    const shape = [m, n];
    const data = new Float64Array(m * n);
    const inner = out.shape.slice(1);
    for (let i = 0; i < m; i++) {
      let left = i;
      const cell = inner.reduceRight((all, size) => {
        all.unshift(left % size);
        left = Math.floor(left / size);
        return all;
      }, []);
      data.set(this.vjp(of, [sample, ...cell]).d(name).data.subarray(sample * n, (sample + 1) * n), i * n);
    }
    return { shape, data };
  }

  // An array on a grid of cells by cells points, rows from y's low end up.
  field(name, x, y, cells) {
    const key = [name, ...x, ...y, cells].join();
    if (!this.planes.has(key)) {
      const [xs, ys] = grid(x, y, cells);
      const data = Float64Array.from({ length: 2 * cells * cells }, (_, k) => (k % 2 ? ys : xs)[k >> 1]);
      this.planes.set(key, this.over({ shape: [cells * cells, 2], data }));
    }
    const other = this.planes.get(key);
    other.forward(other.steps.length - 1); // not the loss: a grid has no targets
    const { shape, data } = other.value(name);
    return { shape: [cells, cells, ...shape.slice(1)], data };
  }

  quantity(q) {
    if (typeof q === "string") return this.value(q);
    if (q.history) return { shape: [this.losses.length], data: Float64Array.from(this.losses) };
    if (q.jacobian) return this.jacobian(q.jacobian, q.of, q.sample);
    if (q.field) return this.field(q.field, q.x, q.y, q.cells);
    if (q.by) return this.by(q.by, q.measure);
    if (q.vjp) return this.vjp(q.vjp, q.cell).d(q.of);
    return this.d(q.d, q.sample ?? undefined);
  }

  // --- moving ---------------------------------------------------------------------------------------

  // Gives an array other numbers; a parameter, an input, a mask.
  set(name, numbers) {
    const { data } = this.find(name);
    if (numbers.length !== data.length) throw new Error(`${name} has ${data.length} numbers, not ${numbers.length}.`);
    data.set(numbers);
  }

  // Everything as it was given; entries is a list of [array, place of the cell, number] that are others.
  begin(seed, spread = 1, entries = []) {
    for (const [data, first] of this.first) data.set(first);
    this.columns.forEach(({ all }, k) => all.set(this.given[k]));
    this.draw(seed, spread);
    for (const [name, place, x] of entries) (this.samplesOf(name) ?? this.find(name).data)[place] = x;
    this.batch(Array.from({ length: this.rows }, (_, k) => k));
  }

  // All samples of x or y.
  samplesOf(name) {
    return this.columns.find(({ data }) => data === this.find(name).data)?.all;
  }

  // Draws the parameters that are drawn, as Python does with this seed, and begins anew.
  draw(seed, spread = 1) {
    for (const [name, width] of Object.entries(this.wire.draw)) {
      const { data } = this.find(name);
      data.set(normals(seed, this.wire.params.indexOf(name), data.length).map((a) => a * width * spread));
    }
    this.restart(seed);
  }

  // From here on batches and masks come in the order that the seed decides.
  restart(seed) {
    this.seed = seed;
    this.done = 0; // steps of training
    this.losses.length = 0;
    this.order = { epoch: -1, rows: null };
    this.drop();
  }

  // Training or evaluation, for the pairs that differ.
  train(on) {
    for (const { op, options } of this.steps) if (op === "dropout" || op === "batch_norm") options.train = on;
  }

  // New masks, those of the next step.
  drop() {
    this.masked.forEach(({ options: { p }, arrays: { mask: { data } } }, k) => {
      uniforms(this.seed, MASKS + this.done * this.masked.length + k, data.length, data);
      for (let i = 0; i < data.length; i++) data[i] = data[i] < p ? 0 : 1 / (1 - p);
    });
  }

  // The batch: rows of the samples, by their numbers, from place `at` in the list on.
  batch(numbers, at = 0) {
    for (const { data, all } of this.columns) {
      const n = data.length / this.rows;
      for (let r = 0; r < this.rows; r++) {
        const from = numbers[at + r] * n;
        for (let k = 0; k < n; k++) data[r * n + k] = all[from + k];
      }
    }
  }

  // One step of training on the present batch. Returns "" or a sentence; then nothing has moved.
  learn(optimizer) {
    this.forward();
    this.want(false); // a first layer need not form dx
    this.backward();
    this.want(true);
    const fault = optimizer.step(this.params, this.gradients);
    if (fault) return fault;
    for (const step of this.steps) step.pair.commit?.(step);
    this.done++;
    this.losses.push(this.loss.data[0]);
    this.drop();
    return "";
  }

  // The batch that comes next. Each epoch has an order of its own, and as many whole batches as fit.
  next() {
    if (this.rows === this.samples) return;
    const batches = Math.floor(this.samples / this.rows);
    const epoch = Math.floor(this.done / batches);
    if (epoch !== this.order.epoch) this.order = { epoch, rows: shuffled(this.seed, EPOCHS + epoch, this.samples) };
    this.batch(this.order.rows, (this.done % batches) * this.rows);
  }

  // Many steps of training, each on its batch, with its masks. Returns "" or the sentence at which it stopped.
  advance(optimizer, steps) {
    for (let k = 0; k < steps; k++) {
      this.next();
      const fault = this.learn(optimizer);
      if (fault) return fault;
    }
    return "";
  }

  // The same network on other inputs, {shape, data}, with these parameters, in evaluation: what colours a plane.
  over(inputs) {
    const other = new Program(this.wire, { rows: inputs.shape[0], inputs, of: this });
    other.train(false);
    return other;
  }
}
