// Many runs of one scalar tape side by side: a lane is one sample of one seed. Parameters have a number for each
// seed, data one for each sample, gradients and losses are means over each seed's samples. So a hundred networks
// train in the loops of one.
import { grid } from "./grid.js";
import { normals } from "./random.js";
import { Tape } from "./tape.js";

export class Lanes {
  // dict: what Tape.to_dict() wrote. params: names of inputs with a number a seed. data: {name: numbers}, an input
  // with a number a sample each. The other inputs keep their number.
  constructor(dict, { params, data, seeds }) {
    this.dict = dict;
    this.tape = new Tape(dict);
    const { tape } = this;
    this.data = data;
    const columns = Object.values(data);
    this.seeds = seeds;
    this.samples = columns[0]?.length ?? 1;
    if (columns.some(({ length }) => length !== this.samples)) throw new Error("The columns of data differ in length.");
    this.lanes = seeds * this.samples;
    this.inputs = tape.inputs.map((node, n) => new Float64Array(this.lanes).fill(tape.start[n]));
    for (const [name, column] of Object.entries(data)) {
      const lanes = this.inputs[this.place(name)];
      for (let k = 0; k < this.lanes; k++) lanes[k] = column[k % this.samples];
    }
    // One row a parameter, one number a seed: an optimiser's one loop moves all networks.
    this.names = params;
    this.places = params.map((name) => this.place(name));
    this.params = new Float64Array(params.length * seeds);
    this.gradients = new Float64Array(params.length * seeds);
    this.places.forEach((n, p) => this.params.fill(tape.start[n], p * seeds, (p + 1) * seeds));
    this.losses = new Float64Array(seeds);
    this.values = tape.rows(this.lanes);
    this.grads = tape.rows(this.lanes);
  }

  place(name) {
    const n = this.tape.inputs.findIndex((node) => this.tape.names[node] === name);
    if (n >= 0) return n;
    const names = this.tape.inputs.map((node) => this.tape.names[node]).join(", ");
    throw new Error(`The tape has no input ${name}. It has ${names}.`);
  }

  // The numbers of one parameter, a number a seed; write into it to set them.
  of(name) {
    const p = this.names.indexOf(name);
    if (p < 0) throw new Error(`${name} is no parameter here. There are ${this.names.join(", ")}.`);
    return this.params.subarray(p * this.seeds, (p + 1) * this.seeds);
  }

  // out[at + seed] = the mean over the seed's lanes.
  mean(lanes, out, at = 0) {
    for (let seed = 0, k = 0; seed < this.seeds; seed++) {
      let sum = 0;
      for (const end = k + this.samples; k < end; k++) sum += lanes[k];
      out[at + seed] = sum / this.samples;
    }
  }

  get output() {
    return this.tape.names[this.tape.output];
  }

  // The parameters at their start: those that are drawn, {name: width}, from seeds `first`, `first` + 1, ... on,
  // `spread` times as wide.
  begin(draw, first, spread) {
    this.names.forEach((name, p) => !(name in draw) && this.of(name).fill(this.tape.start[this.places[p]]));
    for (let s = 0; s < this.seeds; s++) {
      const numbers = normals(first + s, 0, this.names.length);
      this.names.forEach((name, p) => name in draw && (this.of(name)[s] = draw[name] * spread * numbers[p]));
    }
  }

  forward() {
    this.places.forEach((n, p) => {
      const lanes = this.inputs[n];
      for (let seed = 0, k = 0; seed < this.seeds; seed++) {
        const x = this.params[p * this.seeds + seed];
        for (const end = k + this.samples; k < end; k++) lanes[k] = x;
      }
    });
    this.tape.forward(this.inputs, this.lanes, null, this.values);
    this.mean(this.values[this.tape.output], this.losses);
    return this.losses;
  }

  backward() {
    this.tape.backward(this.values, this.tape.output, this.grads);
    this.places.forEach((n, p) => this.mean(this.grads[this.tape.inputs[n]], this.gradients, p * this.seeds));
  }

  // One step of every network. A network that has left the numbers stops, the others go on: its gradient is 0.
  learn(optimizer) {
    this.forward();
    this.backward();
    const { gradients, seeds } = this;
    for (let seed = 0; seed < seeds; seed++) {
      let sum = 0;
      for (let k = seed; k < gradients.length; k += seeds) sum += gradients[k] * 0; // NaN if one is no finite number
      if (sum !== 0) for (let k = seed; k < gradients.length; k += seeds) gradients[k] = 0;
    }
    return optimizer.step(this.params, this.gradients);
  }

  // Steps of training; what advance of a program is to arrays.
  advance(optimizer, steps) {
    for (let k = 0; k < steps; k++) {
      const fault = this.learn(optimizer);
      if (fault) return fault;
    }
    return "";
  }

  // A node's numbers for one seed, a number a sample.
  value(node, seed) {
    return this.values[node].subarray(seed * this.samples, (seed + 1) * this.samples);
  }

  // What a name stands for, {shape, data}, or null: the losses and a parameter have a number a seed, a column of the
  // data one a sample, another node one for each.
  named(name) {
    if (name === this.output) return { shape: [this.seeds], data: this.losses };
    if (this.names.includes(name)) return { shape: [this.seeds], data: this.of(name) };
    if (name in this.data) return { shape: [this.samples], data: Float64Array.from(this.data[name]) };
    const node = name ? this.tape.names.indexOf(name) : -1;
    return node < 0 ? null : { shape: [this.seeds, this.samples], data: this.values[node] };
  }

  // A node on a grid of two inputs, for each seed: what comes after the node is not run. Null where there is none.
  field({ field: name, over, x, y, cells }) {
    const key = [name, ...over, ...x, ...y, cells].join();
    if (key !== this.plane?.key) {
      const end = this.tape.names.indexOf(name);
      if (end < 0) return null;
      const { nodes, names, inputs } = this.dict;
      const tape = new Tape({
        ...this.dict,
        nodes: nodes.slice(0, end + 1),
        names: names.filter(([i]) => i <= end),
        inputs: inputs.filter((i) => i <= end),
        output: end,
      });
      const points = grid(x, y, cells);
      this.plane = {
        key, tape,
        numbers: tape.inputs.map((node, n) => points[over.indexOf(tape.names[node])] ?? tape.start[n]),
        rows: tape.rows(cells * cells),
        data: new Float64Array(this.seeds * cells * cells),
      };
    }
    // Seed by seed: the rows of one fit the processor's cache, those of a hundred don't.
    const { tape, numbers, rows, data } = this.plane;
    const names = tape.inputs.map((node) => tape.names[node]);
    const mine = names.map((input) => (over.includes(input) ? -1 : this.names.indexOf(input)));
    for (let seed = 0; seed < this.seeds; seed++) {
      const inputs = numbers.map((number, n) => (mine[n] < 0 ? number : this.params[mine[n] * this.seeds + seed]));
      tape.forward(inputs, cells * cells, null, rows);
      data.set(rows[tape.output], seed * cells * cells);
    }
    for (let k = 0; k < data.length; k++) if (data[k] * 0 !== 0) data[k] = NaN;
    return { shape: [this.seeds, cells, cells], data };
  }
}
