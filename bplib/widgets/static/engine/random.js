// Random numbers that Python draws as well (bplib/widgets/program.py has the same three functions): a figure that
// starts anew in the page can be quoted in the text.

// 32 well mixed bits of a whole number (the finaliser of mulberry32, by Tommy Ettinger).
const mix = (a) => {
  let t = Math.imul(a ^ (a >>> 15), 1 | a);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return (t ^ (t >>> 14)) >>> 0;
};

// n numbers between 0 and 1, never either, perhaps into an array that is there. Each stream of a seed is a sequence
// of its own.
export const uniforms = (seed, stream, n, u = new Float64Array(n)) => {
  const start = mix((mix(seed | 0) + stream) | 0);
  for (let k = 0; k < n; k++) u[k] = (mix((start + Math.imul(k + 1, 0x6d2b79f5)) | 0) + 0.5) / 2 ** 32;
  return u;
};

// n standard normal numbers, two uniform ones each (Box and Muller 1958).
export const normals = (seed, stream, n) => {
  const u = uniforms(seed, stream, 2 * n);
  return u.subarray(0, n).map((a, k) => Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * u[n + k]));
};

// 0, 1, ..., n - 1 in an order that seed and stream decide (Fisher and Yates 1938, from the end).
export const shuffled = (seed, stream, n) => {
  const u = uniforms(seed, stream, n);
  const order = new Int32Array(n);
  for (let k = 0; k < n; k++) order[k] = k;
  for (let k = n - 1; k > 0; k--) {
    const other = Math.floor(u[k] * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
};
