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
import { Trained } from "./training.js";

const OWN = ["rows", "seed", "spread", "sum", "steps"];

export class ProgramSource extends Trained {
  // What ProgramSource.spec says in Python (bplib/widgets/sources/program.py).
  constructor({ program, ...spec }) {
    super(spec);
    const { names } = spec;
    this.wire = program;
    this.output = "loss";
    this.programs = new Map(); // by rows
    const given = new Set(program.arrays.map(({ name }) => name));
    this.entries = names.flatMap((name, n) => {
      const [, array, cell] = name.match(/^(.+?)((?:\[\d+\])+)$/) ?? [];
      return given.has(array) ? [{ n, array, cell: cell.match(/\d+/g).map(Number) }] : [];
    });
    // The inputs that the arrays depend on.
    this.moving = [...this.entries.map(({ n }) => n), ...OWN.filter((name) => name !== "steps" && name in this.places).map((name) => this.places[name])];
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

  measured() {
    return this.program.loss.data[0];
  }

  told(before, after) {
    return fill(words.store.trained, { k: this.program.done, before: fmt(before), after: fmt(after) });
  }

  // A quantity with numbers in place of the inputs that it names; beyond the last row is the last.
  resolved(q, inputs) {
    const found = typeof q === "string" ? q : { ...q };
    if (typeof q.sample === "string" && q.sample !== "each") found.sample = Math.min(this.number(inputs, q.sample), this.program.rows - 1);
    if (typeof q.cell === "string") {
      const { shape } = this.program.value(q.vjp);
      found.cell = shape.map((size, axis) => Math.min(this.number(inputs, `${q.cell}[${axis}]`), size - 1));
    }
    return found;
  }

  answer(q, inputs) {
    return this.program.quantity(this.resolved(q, inputs));
  }
}
