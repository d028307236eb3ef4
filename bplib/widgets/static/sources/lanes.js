// Many seeds of one graph behind a figure. Its inputs are "steps" of training, "seed", the first, and "spread", how
// many times as wide as was said the parameters are drawn.
import { Lanes } from "../engine/lanes.js";
import { Optimizer } from "../engine/optim.js";
import { fmt } from "../format.js";
import { fill, words } from "../words.js";
import { Trained } from "./training.js";

const median = (numbers) => {
  const sorted = numbers.filter(Number.isFinite).sort();
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
};

export class LanesSource extends Trained {
  // What LanesSource.spec says in Python (bplib/widgets/sources/lanes.py).
  constructor({ seeds, ...spec }) {
    super(spec);
    this.lanes = new Lanes(seeds.tape, seeds);
    this.draw = seeds.draw;
    this.data = []; // of no one sample
    this.output = this.lanes.output;
    this.done = 0;
  }

  go({ inputs, rate }) {
    const steps = this.number(inputs, "steps", 0);
    const seed = this.number(inputs, "seed", 0);
    const spread = this.number(inputs, "spread", 1);
    const key = [rate, seed, spread].join();
    if (key !== this.key || this.done > steps) {
      this.lanes.begin(this.draw, seed, spread);
      this.trainer = new Optimizer(this.optimizer.name, { ...this.optimizer.options, lr: rate });
      [this.key, this.done] = [key, 0];
    }
    const fault = this.lanes.advance(this.trainer, steps - this.done);
    if (fault) return this.lost(fault);
    this.done = steps;
    return Number.isFinite(median(this.lanes.forward())) ? "" : this.lost(words.store.gradientUndefined);
  }

  measured() {
    return median(this.lanes.losses);
  }

  told(before, after) {
    return fill(words.store.trainedMany, { k: this.done, output: this.output, before: fmt(before), after: fmt(after) });
  }

  answer(q) {
    const found = q.field ? this.lanes.field(q) : typeof q === "string" && this.lanes.named(q);
    if (!found) throw new Error(fill(words.engine.noNode, { name: JSON.stringify(q) }));
    return found;
  }
}
