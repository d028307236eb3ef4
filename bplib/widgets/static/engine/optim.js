// The optimisers of bplib.optim: the same names, options and update rules, on all parameters at once, which lie
// one after the other in one array. `memory` is what a rule remembers of each number, zeros at first; t counts
// the steps from 1.
import { words } from "../words.js";

const RULES = {
  SGD: {
    options: {},
    memory: 0,
    update(params, grads, _, rate) {
      for (let k = 0; k < params.length; k++) params[k] -= rate * grads[k];
    },
  },
  Momentum: {
    options: { momentum: 0.9 },
    memory: 1,
    update(params, grads, [v], rate, { momentum }) {
      for (let k = 0; k < params.length; k++) {
        v[k] = momentum * v[k] + grads[k];
        params[k] -= rate * v[k];
      }
    },
  },
  Nesterov: {
    options: { momentum: 0.9 },
    memory: 1,
    update(params, grads, [v], rate, { momentum }) {
      for (let k = 0; k < params.length; k++) {
        v[k] = momentum * v[k] + grads[k];
        params[k] -= rate * (grads[k] + momentum * v[k]);
      }
    },
  },
  RMSProp: {
    options: { lr: 0.01, decay: 0.99, eps: 1e-8 },
    memory: 1,
    update(params, grads, [s], rate, { decay, eps }) {
      for (let k = 0; k < params.length; k++) {
        s[k] = decay * s[k] + (1 - decay) * grads[k] * grads[k];
        params[k] -= (rate * grads[k]) / (Math.sqrt(s[k]) + eps);
      }
    },
  },
  Adam: {
    options: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    memory: 2,
    update(params, grads, [m, v], rate, { beta1, beta2, eps }, t) {
      // Both averages started at zero.
      const first = 1 - beta1 ** t;
      const second = 1 - beta2 ** t;
      for (let k = 0; k < params.length; k++) {
        m[k] = beta1 * m[k] + (1 - beta1) * grads[k];
        v[k] = beta2 * v[k] + (1 - beta2) * grads[k] * grads[k];
        params[k] -= (rate * (m[k] / first)) / (Math.sqrt(v[k] / second) + eps);
      }
    },
  },
  AdamW: {
    options: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 },
    memory: 2,
    update(params, grads, memory, rate, options, t) {
      for (let k = 0; k < params.length; k++) params[k] *= 1 - rate * options.weight_decay;
      RULES.Adam.update(params, grads, memory, rate, options, t);
    },
  },
};
export const OPTIMIZERS = Object.keys(RULES);

export class Optimizer {
  // lr: a number, or a function of the steps done so far.
  constructor(name, options = {}) {
    if (!RULES[name]) throw new Error(`There is no optimiser ${name}. There are ${OPTIMIZERS.join(", ")}.`);
    this.rule = RULES[name];
    this.options = { ...this.rule.options, ...options };
    this.reset();
  }

  reset() {
    this.steps = 0;
    this.memory = null;
  }

  // Moves the parameters. Returns "" or a sentence; then nothing has moved.
  step(params, grads) {
    let sum = 0;
    for (let k = 0; k < grads.length; k++) sum += grads[k] * 0; // NaN if one of them is no finite number
    if (sum !== 0) return words.engine.infinite;
    this.memory ??= Array.from({ length: this.rule.memory }, () => new Float64Array(params.length));
    const { lr } = this.options;
    const rate = typeof lr === "number" ? lr : lr(this.steps);
    this.steps++;
    this.rule.update(params, grads, this.memory, rate, this.options, this.steps);
    return "";
  }
}
