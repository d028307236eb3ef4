// The part of training_page.py that runs in the browser: who trains, whether all find the same gradient, how long
// a step takes. A contestant is {name, gradients, step}.
import { Lanes } from "./engine/lanes.js";
import { Optimizer } from "./engine/optim.js";
import { Program } from "./engine/program.js";
import { tanh } from "./engine/special.js";
import { ObjectNetwork } from "./object_network.js";

const RATE = 0.01;

const page = ({ wire, rows, samples }) => {
  const program = new Program(wire);
  const optimizer = new Optimizer("SGD", { lr: RATE });
  const whole = new Program(wire, { rows: samples });
  return {
    name: "the page",
    gradients() {
      whole.run();
      return [...whole.gradients];
    },
    step: () => program.advance(optimizer, 1),
  };
};

const objects = ({ sizes, X, y, params, rows, samples }) => {
  const network = new ObjectNetwork(sizes);
  network.set(params);
  let row = 0;
  const batch = (n) => {
    for (let k = 0; k < n; k++, row = (row + 1) % samples) {
      network.forward(X, row);
      network.backward(y, row);
    }
  };
  return {
    name: "an object a neuron",
    gradients() {
      batch(samples);
      const found = network.gradients();
      network.clear();
      return found;
    },
    step() {
      batch(rows);
      network.update(RATE);
    },
  };
};

const tensors = async ({ sizes, X, y, params, rows, samples }, backend) => {
  const { tf } = window;
  await tf.setBackend(backend);
  await tf.ready();
  let at = 0;
  const take = (shape) => {
    const n = shape.reduce((a, b) => a * b);
    return tf.variable(tf.tensor(Array.from(params.slice(at, (at += n))), shape));
  };
  const layers = sizes.slice(1).map((n, l) => [take([n, sizes[l]]), take([n])]);
  const batches = [];
  const [X2, y2] = [tf.tensor(Array.from(X), [samples, sizes[0]]), tf.tensor(Array.from(y), [samples, sizes.at(-1)])];
  for (let k = 0; k + rows <= samples; k += rows) {
    batches.push([X2.slice([k, 0], [rows, -1]), y2.slice([k, 0], [rows, -1])]);
  }
  const loss = (x, t) => {
    let a = x;
    layers.forEach(([W, b], l) => {
      const z = tf.matMul(a, W, false, true).add(b);
      a = l < layers.length - 1 ? z.tanh() : z;
    });
    return a.sub(t).square().mean();
  };
  const optimizer = tf.train.sgd(RATE);
  let k = 0;
  return {
    name: `tfjs, ${backend}`,
    before: () => tf.setBackend(backend),
    gradients: () => tf.tidy(() => {
      const { grads } = tf.variableGrads(() => loss(X2, y2), layers.flat());
      return layers.flat().flatMap(({ name }) => Array.from(grads[name].dataSync()));
    }),
    step() {
      const [x, t] = batches[k++ % batches.length];
      optimizer.minimize(() => loss(x, t));
    },
  };
};

// Seconds a step in the fastest stretch of a turn: what interrupts one on a busy machine only adds. Sweeping up the
// tensors and lists that the others leave behind is so not held against them. A stretch takes at least 4 ms,
// because a clock in the page is coarse.
const STRETCH = 4;
const turn = (step, ms) => {
  let fastest = Infinity;
  const end = performance.now() + ms;
  let steps = 1;
  let now = performance.now();
  do {
    const start = now;
    for (let k = 0; k < steps; k++) step();
    now = performance.now();
    if (now - start < STRETCH) steps *= 2;
    else fastest = Math.min(fastest, (now - start) / 1000 / steps);
  } while (now < end || fastest === Infinity);
  return fastest;
};

window.race = async (problem, rounds, ms) => {
  const [X, y, params] = [problem.X, problem.y, problem.params].map((a) => Float64Array.from(a));
  const job = { ...problem, X, y, params };
  const contestants = [page(job), objects(job)];
  if (window.tf) for (const backend of ["cpu", "wasm"]) contestants.push(await tensors(job, backend));
  const gradients = {};
  const times = {};
  for (const one of contestants) {
    await one.before?.();
    gradients[one.name] = one.gradients();
    turn(one.step, 4 * ms);
    times[one.name] = [];
  }
  const order = [...contestants];
  for (let round = 0; round < rounds; round++) {
    for (const one of order) {
      await one.before?.();
      times[one.name].push(turn(one.step, ms));
    }
    order.push(order.shift());
  }
  return { gradients, times };
};

// Seconds that the tanh of n numbers takes: the page's own with its slope, and the browser's.
window.tanhs = (n, rounds) => {
  const x = Float64Array.from({ length: n }, (_, k) => 2 * Math.sin(k));
  const [y, slope] = [new Float64Array(n), new Float64Array(n)];
  const own = [];
  const built_in = [];
  for (let round = 0; round < rounds; round++) {
    own.push(turn(() => tanh(x, y, slope), 20));
    built_in.push(turn(() => {
      for (let k = 0; k < n; k++) y[k] = Math.tanh(x[k]);
    }, 20));
  }
  return { own, built_in };
};

// Seconds for many steps of many networks, as lanes of one tape.
window.lanes = ({ tape, params, data, seeds, steps, start }) => {
  const lanes = new Lanes(tape, { params, data, seeds });
  lanes.params.set(start);
  lanes.advance(new Optimizer("SGD", { lr: 0.5 }), 200);
  const begin = performance.now();
  lanes.advance(new Optimizer("SGD", { lr: 0.5 }), steps);
  return (performance.now() - begin) / 1000;
};
window.ready = true;
