// The array pairs in the page: names and options are those of functional.VJP and losses.VJP in Python, and a
// test compares both, pair by pair. What an argument must be, Python has checked before it sent the program.
//
// An array is {shape, data, grad}: the numbers, row by row, and the place where their gradient adds up, or null
// where nobody asks for it. A step is {args, out, options, arrays, saved}; `arrays` are options that are arrays
// (a mask, running statistics). A pair has
//   shape(args, options, arrays)  the shape of out
//   save(step)                    buffers that forward fills for backward: made once, never in a step
//   forward(step)                 fills step.out.data
//   backward(step)                adds to the grad of each argument what step.out.grad brings
//   commit(step)                  only batch_norm: after a training step, moves the running statistics on
import { addByColumns, addByRows } from "./products.js";
import { gelu, tanh } from "./special.js";

export const count = (shape) => shape.reduce((n, size) => n * size, 1);
const floats = (n) => new Float64Array(n);
const same = ([x]) => x.shape;
const number = () => [];

// --- affine, and its like ---------------------------------------------------------------------------

// out (m, n) += x (m, k) W (n, k)^T, and back.
const product = (x, W, out) => {
  const [n, k] = W.shape;
  addByRows(out.data, x.data, W.data, x.data.length / k, n, k);
};
const productBack = (x, W, out) => {
  const [n, k] = W.shape;
  const m = x.data.length / k;
  if (x.grad) addByColumns(x.grad, out.grad, W.data, m, k, n, n, 1);
  if (W.grad) addByColumns(W.grad, out.grad, x.data, n, k, m, 1, n);
};

const affine = {
  shape: ([x, W]) => [x.shape[0], W.shape[0]],
  forward({ args: [x, W, b], out }) {
    const bias = b.data;
    const y = out.data;
    for (let r = 0; r < y.length; r += bias.length) for (let o = 0; o < bias.length; o++) y[r + o] = bias[o];
    product(x, W, out);
  },
  backward({ args: [x, W, b], out }) {
    productBack(x, W, out);
    const db = b.grad;
    const dy = out.grad;
    if (db) for (let r = 0; r < dy.length; r += db.length) for (let o = 0; o < db.length; o++) db[o] += dy[r + o];
  },
};

// The rows of x, under any leading axes, times W^T without a bias: how attention makes queries, keys, values.
const project = {
  shape: ([x, W]) => [...x.shape.slice(0, -1), W.shape[0]],
  forward({ args: [x, W], out }) {
    out.data.fill(0);
    product(x, W, out);
  },
  backward: ({ args: [x, W], out }) => productBack(x, W, out),
};

// Two arrays of one shape: the end of a residual block.
const add = {
  shape: same,
  forward({ args: [a, b], out }) {
    const [x, y, z] = [a.data, b.data, out.data];
    for (let k = 0; k < z.length; k++) z[k] = x[k] + y[k];
  },
  backward({ args, out }) {
    for (const { grad } of args) if (grad) for (let k = 0; k < grad.length; k++) grad[k] += out.grad[k];
  },
};

// --- activations, entry by entry --------------------------------------------------------------------

// fill(x, y, slope, options) writes values and slopes in one loop: the Jacobian is diagonal.
const entrywise = (fill) => ({
  shape: same,
  save: ({ out }) => ({ slope: floats(out.data.length) }),
  forward: ({ args, out, options, saved }) => fill(args[0].data, out.data, saved.slope, options),
  backward({ args, out, saved }) {
    const dx = args[0].grad;
    const dy = out.grad;
    const slope = saved.slope;
    if (dx) for (let k = 0; k < dx.length; k++) dx[k] += dy[k] * slope[k];
  },
});

const relu = (x, y, slope) => {
  for (let k = 0; k < x.length; k++) {
    const a = x[k];
    y[k] = a <= 0 ? 0 : a; // NaN stays NaN, here and in the slope
    slope[k] = a <= 0 ? 0 : a > 0 ? 1 : a;
  }
};
const leakyRelu = (x, y, slope, options) => {
  const low = options.slope ?? 0.01;
  for (let k = 0; k < x.length; k++) {
    slope[k] = x[k] > 0 ? 1 : x[k] <= 0 ? low : x[k];
    y[k] = x[k] * slope[k];
  }
};
const elu = (x, y, slope, options) => {
  const alpha = options.alpha ?? 1;
  for (let k = 0; k < x.length; k++) {
    const a = x[k];
    y[k] = a > 0 ? a : alpha * Math.expm1(a);
    slope[k] = a > 0 ? 1 : alpha * Math.exp(a);
  }
};
const sigmoid = (x, y, slope) => {
  for (let k = 0; k < x.length; k++) {
    const e = Math.exp(-Math.abs(x[k])); // can't overflow
    const q = 1 / (1 + e);
    y[k] = x[k] < 0 ? e * q : q;
    slope[k] = e * q * q;
  }
};
const softplus = (x, y, slope) => {
  for (let k = 0; k < x.length; k++) {
    const e = Math.exp(-Math.abs(x[k]));
    y[k] = (x[k] <= 0 ? 0 : x[k]) + Math.log1p(e);
    slope[k] = (x[k] < 0 ? e : 1) / (1 + e);
  }
};

// --- softmax ----------------------------------------------------------------------------------------

// Along axis `axis` an array is `outer` blocks of n rows of `inner` numbers.
const along = (shape, axis = -1) => {
  const at = axis < 0 ? axis + shape.length : axis;
  return { n: shape[at], inner: count(shape.slice(at + 1)), outer: count(shape.slice(0, at)) };
};

// Softmax of the n numbers x[at], x[at + step], ...: e^(x - largest) into y. Returns their sum.
const exponentials = (x, y, at, n, step) => {
  let top = -Infinity;
  for (let j = 0, k = at; j < n; j++, k += step) if (x[k] > top) top = x[k];
  let total = 0;
  for (let j = 0, k = at; j < n; j++, k += step) total += y[k] = Math.exp(x[k] - top);
  return total;
};
const normalise = (x, y, at, n, step) => {
  const total = exponentials(x, y, at, n, step);
  for (let j = 0, k = at; j < n; j++, k += step) y[k] /= total;
};
// dx += a (dy - sum of a dy): the full Jacobian, diag(a) - a a^T.
const normaliseBack = (dx, a, dy, at, n, step) => {
  let sum = 0;
  for (let j = 0, k = at; j < n; j++, k += step) sum += a[k] * dy[k];
  for (let j = 0, k = at; j < n; j++, k += step) dx[k] += a[k] * (dy[k] - sum);
};

const softmax = {
  shape: same,
  save: ({ out, options }) => along(out.shape, options.axis),
  forward({ args: [x], out, saved: { n, inner, outer } }) {
    for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) {
      normalise(x.data, out.data, o * n * inner + i, n, inner);
    }
  },
  backward({ args: [x], out, saved: { n, inner, outer } }) {
    if (!x.grad) return;
    for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) {
      normaliseBack(x.grad, out.data, out.grad, o * n * inner + i, n, inner);
    }
  },
};

const logSoftmax = {
  shape: same,
  save: ({ out, options }) => ({ ...along(out.shape, options.axis), a: floats(out.data.length) }),
  forward({ args: [x], out, saved: { n, inner, outer, a } }) {
    for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) {
      const first = o * n * inner + i;
      const end = first + n * inner;
      const total = exponentials(x.data, a, first, n, inner);
      let top = -Infinity;
      for (let k = first; k < end; k += inner) if (x.data[k] > top) top = x.data[k];
      const log = Math.log(total);
      for (let k = first; k < end; k += inner) {
        out.data[k] = x.data[k] - top - log;
        a[k] /= total;
      }
    }
  },
  backward({ args: [x], out, saved: { n, inner, outer, a } }) {
    if (!x.grad) return;
    for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) {
      const first = o * n * inner + i;
      const end = first + n * inner;
      let sum = 0;
      for (let k = first; k < end; k += inner) sum += out.grad[k];
      for (let k = first; k < end; k += inner) x.grad[k] += out.grad[k] - a[k] * sum;
    }
  },
};

// --- norms ------------------------------------------------------------------------------------------

// Both norms run over groups of entries. For a layer norm a group is `n` neighbours, and gamma has an entry for
// each of them; for a batch norm it is a channel, `blocks` runs of `n` neighbours that are `apart`, and gamma has
// one entry for all. `group(g)` is where a group begins, and `own` says whether gamma runs within it.
const norm = (saved, out) => ({ ...saved, xhat: floats(out.data.length), inverse: floats(saved.groups) });

const mean = (x, at, { blocks, n, apart }) => {
  let sum = 0;
  for (let s = 0; s < blocks; s++) for (let k = at + s * apart, end = k + n; k < end; k++) sum += x[k];
  return sum / (blocks * n);
};
const variance = (x, at, middle, { blocks, n, apart }) => {
  let sum = 0;
  for (let s = 0; s < blocks; s++) for (let k = at + s * apart, end = k + n; k < end; k++) sum += (x[k] - middle) ** 2;
  return sum / (blocks * n);
};
const scale = (x, out, gamma, beta, at, g, middle, saved) => {
  const { blocks, n, apart, own, xhat, inverse } = saved;
  for (let s = 0; s < blocks; s++) {
    const first = at + s * apart;
    for (let j = 0; j < n; j++) {
      const c = own ? j : g;
      xhat[first + j] = (x[first + j] - middle) * inverse[g];
      out[first + j] = gamma[c] * xhat[first + j] + beta[c];
    }
  }
};
// gamma stands inside both means (dxhat = gamma dout): they take out of dxhat what mean and standard deviation
// took out of x. Where the statistics are constants (fixed), nothing is taken out.
const normBack = ([x, gamma, beta], dy, at, g, fixed, saved) => {
  const { blocks, n, apart, own, xhat, inverse } = saved;
  let [sum, turned] = [0, 0];
  for (let s = 0; s < blocks; s++) {
    const first = at + s * apart;
    for (let j = 0; j < n; j++) {
      const c = own ? j : g;
      const d = dy[first + j];
      if (gamma.grad) gamma.grad[c] += d * xhat[first + j];
      if (beta.grad) beta.grad[c] += d;
      sum += d * gamma.data[c];
      turned += d * gamma.data[c] * xhat[first + j];
    }
  }
  if (!x.grad) return;
  sum /= blocks * n;
  turned /= blocks * n;
  for (let s = 0; s < blocks; s++) {
    const first = at + s * apart;
    for (let j = 0; j < n; j++) {
      const dxhat = dy[first + j] * gamma.data[own ? j : g];
      x.grad[first + j] += inverse[g] * (fixed ? dxhat : dxhat - sum - xhat[first + j] * turned);
    }
  }
};

const layerNorm = {
  shape: same,
  save: ({ args: [, gamma], out }) => {
    const n = gamma.data.length;
    return norm({ blocks: 1, n, apart: 0, own: true, groups: out.data.length / n }, out);
  },
  forward({ args: [x, gamma, beta], out, options, saved }) {
    for (let g = 0, at = 0; g < saved.groups; g++, at += saved.n) {
      const middle = mean(x.data, at, saved);
      saved.inverse[g] = 1 / Math.sqrt(variance(x.data, at, middle, saved) + (options.eps ?? 1e-5));
      scale(x.data, out.data, gamma.data, beta.data, at, g, middle, saved);
    }
  },
  backward({ args, out, saved }) {
    for (let g = 0, at = 0; g < saved.groups; g++, at += saved.n) normBack(args, out.grad, at, g, false, saved);
  },
};

const batchNorm = {
  shape: same,
  save: ({ args: [x], out }) => {
    const [blocks, groups] = x.shape;
    const n = count(x.shape.slice(2));
    const statistics = { mean: floats(groups), variance: floats(groups) };
    return { ...norm({ blocks, n, apart: groups * n, own: false, groups }, out), ...statistics };
  },
  forward({ args: [x, gamma, beta], out, options, arrays, saved }) {
    const train = options.train ?? true;
    for (let g = 0; g < saved.groups; g++) {
      const at = g * saved.n;
      const middle = train ? mean(x.data, at, saved) : arrays.running_mean.data[g];
      const spread = train ? variance(x.data, at, middle, saved) : arrays.running_var.data[g];
      saved.mean[g] = middle;
      saved.variance[g] = spread;
      saved.inverse[g] = 1 / Math.sqrt(spread + (options.eps ?? 1e-5));
      scale(x.data, out.data, gamma.data, beta.data, at, g, middle, saved);
    }
  },
  backward({ args, out, options, saved }) {
    const fixed = !(options.train ?? true);
    for (let g = 0; g < saved.groups; g++) normBack(args, out.grad, g * saved.n, g, fixed, saved);
  },
  // The variance kept is the unbiased one, as in Python.
  commit({ options, arrays: { running_mean, running_var }, saved }) {
    if (!running_mean || !(options.train ?? true)) return;
    const momentum = options.momentum ?? 0.1;
    const n = saved.blocks * saved.n;
    for (let g = 0; g < saved.groups; g++) {
      running_mean.data[g] += momentum * (saved.mean[g] - running_mean.data[g]);
      running_var.data[g] += momentum * ((saved.variance[g] * n) / (n - 1) - running_var.data[g]);
    }
  },
};

// --- dropout, flatten, embedding --------------------------------------------------------------------

// The mask is given: 0, or 1 / (1 - p) where the entry is kept.
const dropout = {
  shape: same,
  forward({ args: [x], out, options, arrays: { mask } }) {
    if (!(options.train ?? true)) out.data.set(x.data);
    else for (let k = 0; k < out.data.length; k++) out.data[k] = x.data[k] * mask.data[k];
  },
  backward({ args: [{ grad }], out, options, arrays: { mask } }) {
    const train = options.train ?? true;
    if (grad) for (let k = 0; k < grad.length; k++) grad[k] += out.grad[k] * (train ? mask.data[k] : 1);
  },
};

const flatten = {
  shape: ([x]) => [x.shape[0], count(x.shape.slice(1))],
  forward: ({ args: [x], out }) => out.data.set(x.data),
  backward({ args: [{ grad }], out }) {
    if (grad) for (let k = 0; k < grad.length; k++) grad[k] += out.grad[k];
  },
};

// A gather's transpose is a scatter-add: each row of dout goes to the row it was read from.
const embedding = {
  shape: ([indices, weight]) => [...indices.shape, weight.shape[1]],
  forward({ args: [indices, weight], out }) {
    const D = weight.shape[1];
    indices.data.forEach((row, k) => out.data.set(weight.data.subarray(row * D, (row + 1) * D), k * D));
  },
  backward({ args: [indices, weight], out }) {
    const D = weight.shape[1];
    if (!weight.grad) return;
    indices.data.forEach((row, k) => {
      for (let d = 0; d < D; d++) weight.grad[row * D + d] += out.grad[k * D + d];
    });
  },
};

// --- convolution and pooling ------------------------------------------------------------------------

const two = (option, otherwise) => (Array.isArray(option) ? option : [option ?? otherwise, option ?? otherwise]);

// What slides over what: an image (C, H, W), a kernel, where the windows stand. A sequence is an image one row
// high.
const slide = ([B, C, ...size], kernel, stride, padding) => {
  const flat = size.length === 1;
  const [H, W] = flat ? [1, ...size] : size;
  const [kH, kW] = flat ? [1, ...kernel] : kernel;
  const [sH, sW] = flat ? [1, [stride].flat()[0]] : stride;
  const [pH, pW] = flat ? [0, [padding].flat()[0]] : padding;
  const oH = Math.floor((H + 2 * pH - kH) / sH) + 1;
  const oW = Math.floor((W + 2 * pW - kW) / sW) + 1;
  return { B, C, H, W, kH, kW, sH, sW, pH, pW, oH, oW, windows: oH * oW, taps: C * kH * kW, place: flat ? [oW] : [oH, oW] };
};

// One sample's patches as columns (C kH kW, oH oW): the convolution is then one product of matrices. With `back`
// the transpose: what the columns hold is added where the patches were read.
const columns = (x, at, cols, g, back) => {
  const { C, H, W, kH, kW, sH, sW, pH, pW, oH, oW } = g;
  let k = 0;
  for (let c = 0; c < C; c++) for (let u = 0; u < kH; u++) for (let v = 0; v < kW; v++) {
    for (let r = 0; r < oH; r++) {
      const y = r * sH + u - pH;
      const inside = y >= 0 && y < H;
      const row = at + (c * H + y) * W;
      for (let s = 0, z = v - pW; s < oW; s++, z += sW, k++) {
        const met = inside && z >= 0 && z < W;
        if (!back) cols[k] = met ? x[row + z] : 0;
        else if (met) x[row + z] += cols[k];
      }
    }
  }
};

const convolution = {
  shape([x, W], { stride = 1, padding = 0 }) {
    return [x.shape[0], W.shape[0], ...slide(x.shape, W.shape.slice(2), two(stride), two(padding)).place];
  },
  save({ args: [x, W], options: { stride = 1, padding = 0 } }) {
    const g = slide(x.shape, W.shape.slice(2), two(stride), two(padding));
    return { g, cols: floats(g.taps * g.windows), dcols: floats(g.taps * g.windows) };
  },
  forward({ args: [x, W, b], out, saved: { g, cols } }) {
    const O = W.shape[0];
    const y = out.data;
    for (let k = 0; k < y.length; k++) y[k] = b ? b.data[Math.floor(k / g.windows) % O] : 0;
    for (let n = 0; n < g.B; n++) {
      columns(x.data, n * g.C * g.H * g.W, cols, g, false);
      addByColumns(y, W.data, cols, O, g.windows, g.taps, g.taps, 1, n * O * g.windows);
    }
  },
  backward({ args: [x, W, b], out, saved: { g, cols, dcols } }) {
    const O = W.shape[0];
    const dy = out.grad;
    if (b?.grad) for (let k = 0; k < dy.length; k++) b.grad[Math.floor(k / g.windows) % O] += dy[k];
    for (let n = 0; n < g.B; n++) {
      const at = n * g.C * g.H * g.W;
      const from = n * O * g.windows;
      if (W.grad) {
        columns(x.data, at, cols, g, false);
        addByRows(W.grad, dy, cols, O, g.taps, g.windows, 0, from);
      }
      if (x.grad) {
        addByColumns(dcols.fill(0), W.data, dy, g.taps, g.windows, O, 1, g.taps, 0, 0, from);
        columns(x.grad, at, dcols, g, true);
      }
    }
  },
};

const pool = ([x], { kernel_size, stride }) => slide(x.shape, two(kernel_size), two(stride ?? kernel_size), [0, 0]);
const pooled = ([x], options) => [...x.shape.slice(0, 2), ...pool([x], options).place];
// Visits each window: f(its number, where its first entry lies).
const windows = ({ B, C, H, W, sH, sW, oH, oW }, f) => {
  let k = 0;
  for (let plane = 0; plane < B * C; plane++) for (let r = 0; r < oH; r++) for (let c = 0; c < oW; c++) {
    f(k++, (plane * H + r * sH) * W + c * sW);
  }
};

const maxPool = {
  shape: pooled,
  save: ({ args, options, out }) => ({ g: pool(args, options), winner: new Int32Array(out.data.length) }),
  // The first of a tie, or of several NaN.
  forward({ args: [{ data }], out, saved: { g, winner } }) {
    windows(g, (k, first) => {
      let best = first;
      for (let u = 0; u < g.kH; u++) for (let v = 0; v < g.kW; v++) {
        const x = data[first + u * g.W + v];
        const top = data[best];
        if (x > top || (x !== x && top === top)) best = first + u * g.W + v;
      }
      winner[k] = best;
      out.data[k] = data[best];
    });
  },
  backward({ args: [{ grad }], out, saved: { winner } }) {
    if (grad) for (let k = 0; k < winner.length; k++) grad[winner[k]] += out.grad[k];
  },
};

const avgPool = {
  shape: pooled,
  save: ({ args, options }) => ({ g: pool(args, options) }),
  forward({ args: [{ data }], out, saved: { g } }) {
    windows(g, (k, first) => {
      let sum = 0;
      for (let u = 0; u < g.kH; u++) for (let v = 0; v < g.kW; v++) sum += data[first + u * g.W + v];
      out.data[k] = sum / (g.kH * g.kW);
    });
  },
  backward({ args: [{ grad }], out, saved: { g } }) {
    if (!grad) return;
    windows(g, (k, first) => {
      const share = out.grad[k] / (g.kH * g.kW);
      for (let u = 0; u < g.kH; u++) for (let v = 0; v < g.kW; v++) grad[first + u * g.W + v] += share;
    });
  },
};

// --- attention --------------------------------------------------------------------------------------

// For each score the place of its entry in a mask that broadcasts.
const broadcast = (shape, mask) => {
  const lacking = shape.length - mask.shape.length;
  return Int32Array.from({ length: count(shape) }, (_, k) => {
    let [place, stride] = [0, 1];
    for (let axis = shape.length - 1; axis >= lacking; axis--) {
      if (mask.shape[axis - lacking] > 1) place += (k % shape[axis]) * stride;
      stride *= mask.shape[axis - lacking];
      k = Math.floor(k / shape[axis]);
    }
    return place;
  });
};

const attention = {
  shape: ([q, , v]) => [...q.shape.slice(0, -1), v.shape.at(-1)],
  save({ args: [q, k, v], arrays }) {
    const [[T, d], [S, dv]] = [q.shape.slice(-2), v.shape.slice(-2)];
    const lead = q.shape.slice(0, -2);
    const size = count(lead) * T * S;
    const looks = arrays.mask ? broadcast([...lead, T, S], arrays.mask) : null;
    return { L: count(lead), T, S, d, dv, looks, weights: floats(size), dweights: floats(size), dscores: floats(size) };
  },
  forward({ args: [q, k, v], out, arrays, saved: { L, T, S, d, dv, looks, weights } }) {
    weights.fill(0);
    out.data.fill(0);
    for (let n = 0; n < L; n++) addByRows(weights, q.data, k.data, T, S, d, n * T * S, n * T * d, n * S * d);
    for (let i = 0; i < weights.length; i++) {
      weights[i] = looks && !arrays.mask.data[looks[i]] ? -Infinity : weights[i] / Math.sqrt(d);
    }
    for (let at = 0; at < weights.length; at += S) normalise(weights, weights, at, S, 1);
    for (let n = 0; n < L; n++) {
      addByColumns(out.data, weights, v.data, T, dv, S, S, 1, n * T * dv, n * T * S, n * S * dv);
    }
  },
  // Two products of matrices, the softmax between them, two more.
  backward({ args: [q, k, v], out, saved: { L, T, S, d, dv, weights, dweights, dscores } }) {
    const dy = out.grad;
    dweights.fill(0);
    dscores.fill(0);
    for (let n = 0; n < L; n++) {
      addByRows(dweights, dy, v.data, T, S, dv, n * T * S, n * T * dv, n * S * dv);
      if (v.grad) addByColumns(v.grad, weights, dy, S, dv, T, 1, S, n * S * dv, n * T * S, n * T * dv);
    }
    for (let at = 0; at < weights.length; at += S) normaliseBack(dscores, weights, dweights, at, S, 1);
    for (let i = 0; i < dscores.length; i++) dscores[i] /= Math.sqrt(d);
    for (let n = 0; n < L; n++) {
      if (q.grad) addByColumns(q.grad, dscores, k.data, T, d, S, S, 1, n * T * d, n * T * S, n * S * d);
      if (k.grad) addByColumns(k.grad, dscores, q.data, S, d, T, 1, S, n * S * d, n * T * S, n * T * d);
    }
  },
};

// --- losses: one number, and where dout begins ------------------------------------------------------

const mse = {
  shape: number,
  forward({ args: [a, b], out }) {
    const [yhat, y] = [a.data, b.data];
    let sum = 0;
    for (let k = 0; k < y.length; k++) sum += (yhat[k] - y[k]) * (yhat[k] - y[k]);
    out.data[0] = sum / y.length;
  },
  backward({ args: [a, b], out }) {
    const [yhat, y] = [a.data, b.data];
    const scale = (2 * out.grad[0]) / y.length;
    if (a.grad) for (let k = 0; k < y.length; k++) a.grad[k] += scale * (yhat[k] - y[k]);
    if (b.grad) for (let k = 0; k < y.length; k++) b.grad[k] -= scale * (yhat[k] - y[k]);
  },
};

// log(p) and log(1 - p), at least -100, as in Python and PyTorch; a check that stepped over the edge too.
const logOf = (p) => Math.max(Math.log(Math.max(p, 0)), -100);
const logOfRest = (p) => Math.max(Math.log1p(Math.max(-p, -1)), -100);

const bce = {
  shape: number,
  forward({ args: [{ data: p }, { data: y }], out }) {
    let sum = 0;
    for (let k = 0; k < y.length; k++) sum += y[k] * logOf(p[k]) + (1 - y[k]) * logOfRest(p[k]);
    out.data[0] = -sum / y.length;
  },
  backward({ args: [a, b], out }) {
    const [p, y] = [a.data, b.data];
    const scale = out.grad[0] / y.length;
    if (a.grad) for (let k = 0; k < y.length; k++) a.grad[k] += (scale * (p[k] - y[k])) / Math.max(p[k] * (1 - p[k]), 1e-12);
    if (b.grad) for (let k = 0; k < y.length; k++) b.grad[k] += scale * (logOfRest(p[k]) - logOf(p[k]));
  },
};

const bceWithLogits = {
  shape: number,
  forward({ args: [{ data: z }, { data: y }], out }) {
    let sum = 0;
    for (let k = 0; k < y.length; k++) {
      // (1 - y) softplus(z) + y softplus(-z): for a sure and right answer y z would cancel softplus(z).
      sum += Math.log1p(Math.exp(-Math.abs(z[k]))) + (1 - y[k]) * Math.max(z[k], 0) - y[k] * Math.min(z[k], 0);
    }
    out.data[0] = sum / z.length;
  },
  backward({ args: [a, b], out }) {
    const [z, y] = [a.data, b.data];
    const scale = out.grad[0] / y.length;
    if (a.grad) for (let k = 0; k < y.length; k++) {
      const e = Math.exp(-Math.abs(z[k]));
      const above = z[k] < 0 ? e : 1;
      const below = z[k] > 0 ? e : 1;
      a.grad[k] += (scale * ((1 - y[k]) * above - y[k] * below)) / (1 + e);
    }
    if (b.grad) for (let k = 0; k < y.length; k++) b.grad[k] -= scale * z[k];
  },
};

// Targets are class numbers, y of shape (B), or a distribution for each row, y of shape (B, C).
const crossEntropy = {
  shape: number,
  forward({ args: [{ data: p, shape: [B, C] }, y], out }) {
    let sum = 0;
    if (y.shape.length === 1) for (let r = 0; r < B; r++) sum += logOf(p[r * C + y.data[r]]);
    else for (let k = 0; k < p.length; k++) sum += y.data[k] * logOf(p[k]);
    out.data[0] = -sum / B;
  },
  backward({ args: [p, y], out }) {
    const [B, C] = p.shape;
    const scale = -out.grad[0] / B;
    if (y.shape.length === 1) {
      if (!p.grad) return;
      for (let k = 0, r = 0; r < B; r++) {
        k = r * C + y.data[r];
        p.grad[k] += scale / Math.max(p.data[k], 1e-12);
      }
      return;
    }
    if (p.grad) for (let k = 0; k < p.data.length; k++) p.grad[k] += (scale * y.data[k]) / Math.max(p.data[k], 1e-12);
    if (y.grad) for (let k = 0; k < p.data.length; k++) y.grad[k] += scale * logOf(p.data[k]);
  },
};

const crossEntropyWithLogits = {
  shape: number,
  save: ({ args: [z] }) => ({ a: floats(z.data.length), logs: floats(z.data.length) }),
  forward({ args: [{ data: z, shape: [B, C] }, y], out, saved: { a, logs } }) {
    let sum = 0;
    for (let at = 0; at < z.length; at += C) {
      let top = -Infinity;
      for (let k = at; k < at + C; k++) if (z[k] > top) top = z[k];
      const total = exponentials(z, a, at, C, 1);
      const log = Math.log(total);
      for (let k = at; k < at + C; k++) {
        a[k] /= total;
        logs[k] = z[k] - top - log;
      }
    }
    if (y.shape.length === 1) for (let r = 0; r < B; r++) sum += logs[r * C + y.data[r]];
    else for (let k = 0; k < z.length; k++) sum += y.data[k] * logs[k];
    out.data[0] = -sum / B;
  },
  // dz = (a sum(y) - y) / B: the sum is 1 for a distribution, which leaves the a - y of the books.
  backward({ args: [z, y], out, saved: { a, logs } }) {
    const [B, C] = z.shape;
    const scale = out.grad[0] / B;
    const labels = y.shape.length === 1;
    for (let r = 0; r < B; r++) {
      let sum = labels ? 1 : 0;
      if (!labels) for (let k = r * C; k < (r + 1) * C; k++) sum += y.data[k];
      for (let c = 0, k = r * C; c < C; c++, k++) {
        if (z.grad) z.grad[k] += scale * (a[k] * sum - (labels ? +(c === y.data[r]) : y.data[k]));
        if (y.grad) y.grad[k] -= scale * logs[k];
      }
    }
  },
};

// In the order of the tables in Python; then what a program needs beside them.
export const PAIRS = {
  affine,
  relu: entrywise(relu),
  leaky_relu: entrywise(leakyRelu),
  elu: entrywise(elu),
  sigmoid: entrywise(sigmoid),
  tanh: entrywise(tanh),
  softplus: entrywise(softplus),
  gelu: entrywise(gelu),
  softmax,
  log_softmax: logSoftmax,
  layer_norm: layerNorm,
  batch_norm: batchNorm,
  dropout,
  flatten,
  embedding,
  conv2d: convolution,
  conv1d: convolution,
  max_pool2d: maxPool,
  avg_pool2d: avgPool,
  attention,
  mse,
  bce,
  bce_with_logits: bceWithLogits,
  cross_entropy: crossEntropy,
  cross_entropy_with_logits: crossEntropyWithLogits,
  project,
  add,
};
