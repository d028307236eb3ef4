// The samples of a figure: rows of the columns of numbers that some of its inputs have.
import { fill, words } from "./words.js";

export const mean = (row) => row.reduce((a, b) => a + b, 0) / row.length;

export const samplesOf = (store) => {
  const { data, tape } = store;
  const count = data.length ? data[0].column.length : 0;
  let chosen = 0;
  // Values and gradients of every node for every sample, at the present parameters.
  const all = () => {
    const columns = [...store.inputs];
    for (const { n, column } of data) columns[n] = column;
    const run = tape.forward(columns, count);
    return { run, back: tape.backward(run) };
  };
  return {
    count,
    all,
    // The sample that the inputs are now, or -1. Of equal samples the one chosen last.
    present() {
      const is = (k) => k >= 0 && data.every(({ n, column }) => column[k] === store.inputs[n]);
      if (!is(chosen)) chosen = Array.from({ length: count }, (_, k) => k).findIndex(is);
      return chosen;
    },
    // Puts one sample into the inputs. Returns "" or the sentence that is now shown under the figure.
    select(k) {
      const next = [...store.inputs];
      for (const { n, column } of data) next[n] = column[k];
      const fault = store.propose(next);
      if (fault) store.say(fill(words.store.sample, { k: k + 1, fault }), true);
      else chosen = k;
      return fault;
    },
    // One step against the gradient averaged over all samples.
    step: () => store.step(
      store.source.step(store.now, store.rate, all().back.map(mean)), () => mean(all().run[tape.output]), words.store.meanStep),
  };
};
