// "This cell": the cell of an array that a reader has picked, and its footprints, the cells of other arrays with which
// it changes. They are framed in every grid that shows them: in that of the derivatives and in that of the array.
import { fill, words } from "../words.js";

// sheets: [{title, q}], of which sheets[picked] has the cell; pick: the places among the inputs of its indices.
export const probe = (store, sheets, pick, picked) => {
  const { title, q: array } = sheets[picked];
  const followed = sheets.filter(({ q }) => q.vjp === array && store.source.names[pick[0]] === `${q.cell}[0]`);
  const titleOf = (name) => sheets.find(({ q }) => q === name)?.title ?? name;
  // Beyond the last row of a smaller batch is the last.
  const cell = () => {
    const { shape } = store.read(array);
    return shape.map((size, axis) => Math.min(store.inputs[pick[axis]], size - 1));
  };
  return {
    array,
    get name() {
      return `${title}[${cell().join(", ")}]`;
    },
    get place() {
      const { shape } = store.read(array);
      return cell().reduce((k, index, axis) => k * shape[axis] + index, 0);
    },
    // Takes the cell with these indices.
    take(indices) {
      if (pick.every((n, axis) => store.inputs[n] === indices[axis])) return;
      const inputs = pick.reduce((next, n, axis) => next.with(n, indices[axis]), store.inputs);
      const fault = store.propose(inputs, pick[0]);
      if (fault) store.say(fault, true);
    },
    // The cells of each array that it reaches, by the array's name.
    footprints: () => new Map(followed.map(({ q }) => [q.of, Array.from(store.read(q).data, (x) => x !== 0)])),
    follows: ({ q }, footprints) => footprints.get(followed.some((sheet) => sheet.q === q) ? q.of : q) ?? null,
    sentence(footprints) {
      const parts = [...footprints].map(([name, cells]) =>
        fill(words.probe.part, { n: cells.filter(Boolean).length, all: cells.length, of: titleOf(name) }));
      return fill(words.probe.reaches, { cell: this.name, parts: parts.join(words.probe.and) });
    },
  };
};
