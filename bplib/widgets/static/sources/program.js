// A program behind a figure: a network on arrays, its loss, its samples, and perhaps what trains it.
//
// Its inputs are numbers by name, like those of a recorded graph: an entry of an array, "0.W[1][0]"; "rows" of a
// batch; "seed" and "spread" of the parameters that are drawn; "sum", 1 for the loss summed over the rows; "steps"
// of training. Any other name is a choice that quantities refer to: d("0.W", sample="sample"), vjp("out", "cell", "x")
// with the inputs "cell[0]", "cell[1]". So a state is a few numbers, and training is replayed from its start.
import { Optimizer } from "../engine/optim.js";
import { Program } from "../engine/program.js";
import { fmt } from "../format.js";
import { fill, words } from "../words.js";

const OWN = ["rows", "seed", "spread", "sum", "steps"];

export class ProgramSource {
  // What ProgramSource.spec says in Python (bplib/widgets/sources/program.py).
  constructor({ program, names, start, whole, optimizer = null }) {
    this.wire = program;
    this.names = names;
    this.start = start;
    this.whole = whole; // the inputs that count
    this.optimizer = optimizer; // {name, options}
    this.learns = optimizer !== null;
    this.replays = this.learns; // another learning rate is another run
    this.output = "loss";
    this.params = [];
    this.movable = this.learns ? [names.indexOf("steps")] : [];
    this.programs = new Map(); // by rows
    this.places = Object.fromEntries(names.map((name, n) => [name, n]));
    const given = new Set(program.arrays.map(({ name }) => name));
    this.entries = names.flatMap((name, n) => {
      const [, array, cell] = name.match(/^(.+?)((?:\[\d+\])+)$/) ?? [];
      return given.has(array) ? [{ n, array, cell: cell.match(/\d+/g).map(Number) }] : [];
    });
    // The inputs that the arrays depend on.
    this.moving = [...this.entries.map(({ n }) => n), ...OWN.filter((name) => name !== "steps" && name in this.places).map((name) => this.places[name])];
    this.key = "";
  }

  number(inputs, name, otherwise) {
    return name in this.places ? inputs[this.places[name]] : otherwise;
  }

  run(inputs, rate) {
    const before = this.now;
    const frame = { inputs, rate };
    const fault = this.go(frame);
    if (!fault) return (this.now = frame);
    if (before) this.go(before);
    return fault;
  }

  // Leads the program to a frame. Returns "" or a sentence.
  go({ inputs, rate }) {
    const steps = this.number(inputs, "steps", 0);
    const key = [rate, ...this.moving.map((n) => inputs[n])].join();
    if (key !== this.key || this.program.done > steps) {
      const rows = this.number(inputs, "rows", this.wire.rows);
      if (!this.programs.has(rows)) this.programs.set(rows, new Program(this.wire, { rows }));
      this.program = this.programs.get(rows);
      this.program.weight = this.number(inputs, "sum", 0) ? rows : 1;
      const cells = this.entries.map(({ n, array, cell }) => {
        const { shape } = this.wire.arrays.find(({ name }) => name === array);
        return [array, cell.reduce((place, k, axis) => place * shape[axis] + k, 0), inputs[n]];
      });
      this.program.begin(this.number(inputs, "seed", this.wire.seed), this.number(inputs, "spread", 1), cells);
      this.trainer = this.learns ? new Optimizer(this.optimizer.name, { ...this.optimizer.options, lr: rate }) : null;
      this.key = key;
    }
    if (this.program.done < steps) {
      const fault = this.program.advance(this.trainer, steps - this.program.done);
      if (fault) return this.lost(fault);
    }
    if (this.learns) this.program.next();
    this.program.run();
    if (this.program.main.buffer.every(Number.isFinite) && Number.isFinite(this.program.loss.data[0])) return "";
    return this.lost(words.store.gradientUndefined);
  }

  // After a fault the program is of no state: the next one begins anew.
  lost(fault) {
    this.key = "";
    return fault;
  }

  measured() {
    return this.program.loss.data[0];
  }

  step({ inputs }) {
    return { next: inputs.with(this.places.steps, inputs[this.places.steps] + 1), predicted: null };
  }

  // Many steps at once, up to the last that the figure's control allows; next is null when there is none.
  ahead({ inputs }, many, controls) {
    const { steps } = this.places;
    const last = controls.find(({ n }) => n === steps)?.hi ?? Infinity;
    const to = Math.min(last, inputs[steps] + many);
    return { next: to > inputs[steps] ? inputs.with(steps, to) : null, predicted: null };
  }

  told(before, after) {
    return fill(words.store.trained, { k: this.program.done, before: fmt(before), after: fmt(after) });
  }

  // A quantity with numbers in place of the inputs that it names; beyond the last row is the last.
  resolved(q, inputs) {
    const found = typeof q === "string" ? q : { ...q };
    if (typeof q.sample === "string") found.sample = Math.min(this.number(inputs, q.sample), this.program.rows - 1);
    if (typeof q.cell === "string") {
      const { shape } = this.program.value(q.vjp);
      found.cell = shape.map((size, axis) => Math.min(this.number(inputs, `${q.cell}[${axis}]`), size - 1));
    }
    return found;
  }

  // A quantity of a frame. That of the present one is overwritten by the next run, that of another is a copy.
  read(frame, q) {
    if (frame === this.now) return this.program.quantity(this.resolved(q, frame.inputs));
    const { now } = this;
    this.go(frame);
    const read = this.program.quantity(this.resolved(q, frame.inputs));
    const copy = q.by ? read : { shape: read.shape, data: read.data.slice() };
    this.go(now);
    return copy;
  }
}
