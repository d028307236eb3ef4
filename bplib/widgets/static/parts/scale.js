// How deep a number's colour is. The scale is found from what the figure can reach and stays; a number beyond it
// makes it grow, never shrink, and the legend says so.
const DECADES = 5; // of a logarithmic one
const FAINT = 0.08; // the least depth, so that what is small differs from what is 0

// The next of 1, 2, 5 times a power of ten; on a logarithmic scale the next power.
const rounded = (x, log) => {
  const power = Math.floor(Math.log10(x) + 1e-9);
  const digit = (log ? [1, 10] : [1, 2, 5, 10]).find((m) => x <= m * 10 ** power * (1 + 1e-9));
  return Number(`${digit}e${power}`);
};

export const scale = (log) => {
  let full = 0; // the number with the full colour
  let first = 0; // what it was before anything moved, once that is settled
  const widen = (data) => {
    let most = 0;
    for (const x of data) if (Math.abs(x) > most && Math.abs(x) < Infinity) most = Math.abs(x);
    if (most > full) full = rounded(most, log);
  };
  return {
    widen,
    settle: () => (first = full),
    get full() {
      return full || 1;
    },
    get least() {
      return log ? (full || 1) / 10 ** DECADES : 0;
    },
    get grown() {
      return full > first;
    },
    depth(x) {
      if (x === 0) return 0;
      const part = Math.abs(x) / (full || 1);
      return FAINT + (1 - FAINT) * (log ? Math.max(0, 1 + Math.log10(part) / DECADES) : part);
    },
  };
};
