// Every number of the figure as a table, for whoever would rather read than look.
import { html, setText } from "./dom.js";
import { fmt, shaped } from "./format.js";
import { movingParts } from "./parts.js";
import { fill, words } from "./words.js";

const head = (text) => html("th", { scope: "col" }, text);
const MOST = 400; // numbers of one array

// The nodes of a graph: {element, update}. Those without a name stand there where the figure draws them, too.
const nodeTable = (store, drawn) => {
  const { tape, labels } = store;
  const rows = movingParts(tape).nodes.filter((i) => drawn || tape.names[i] || i === tape.output).map((i) => {
    const value = html("td", { class: "bp-value" });
    const grad = html("td", { class: "bp-grad" });
    const formula = tape.nodes[i][0] === "input" ? words.table.given : labels.formulas[i];
    return { i, value, grad, row: html("tr", {}, html("th", { scope: "row" }, labels.names[i]), html("td", {}, formula), value, grad) };
  });
  const heads = [words.table.node, words.table.formula, words.table.value, fill(words.table.gradient, { output: store.source.output })];
  return {
    element: html("table", {}, html("thead", {}, html("tr", {}, ...heads.map(head))), html("tbody", {}, ...rows.map(({ row }) => row))),
    update: () => {
      for (const { i, value, grad } of rows) {
        setText(value, fmt(store.values[i]));
        setText(grad, fmt(store.grads[i]));
      }
    },
  };
};

// One array that a view shows: its last axis from left to right, all others downwards.
const arrayTable = (store, [label, q]) => {
  const caption = html("caption");
  const body = html("tbody");
  return {
    element: html("table", {}, caption, body),
    update: () => {
      const { shape, data } = store.read(q);
      const across = shape.at(-1) ?? 1;
      const shown = Math.ceil(Math.min(data.length, MOST) / across);
      setText(caption, fill(words.table.array, { name: label, shape: shape.join(" × ") || "1" }));
      body.replaceChildren(...Array.from({ length: shown }, (_, i) =>
        html("tr", {}, ...Array.from(data.subarray(i * across, (i + 1) * across), (x) => html("td", {}, fmt(x))))));
    },
  };
};

// Rows of texts, each with its name first.
const listTable = (label, heads, rows) => {
  const body = html("tbody");
  return {
    element: html("table", {}, html("caption", {}, label), html("thead", {}, html("tr", {}, ...heads.map(head))), body),
    update: () => body.replaceChildren(...rows().map(([name, ...cells]) =>
      html("tr", {}, html("th", { scope: "row" }, name), ...cells.map((text) => html("td", {}, text))))),
  };
};

// One number a layer or parameter, of values and of gradients.
const groupTable = (store, [label, q]) =>
  listTable(label, [words.table.name, words.table.values, words.table.gradients], () => {
    const { names, values, gradients } = store.read(q);
    return names.map((name, k) => [name, fmt(values[k]), fmt(gradients[k])]);
  });

// Shapes, forward and backward.
const shapesTable = (store, { arrays, form }) =>
  listTable(words.tiles.arrays, [words.tiles.array, words.tiles.shape, words.tiles.entries], () =>
    arrays[form === null ? 0 : store.inputs[form]].flatMap(([name, axes, gradient]) => {
      const shape = store.read(axes);
      const row = [`${shaped(axes)} ${shaped(shape)}`, fmt(shape.reduce((a, b) => a * b, 1))];
      return [[name, ...row], ...(gradient ? [[`d${name}`, ...row]] : [])];
    }));

const tableOf = (store, named) => (named[1].arrays ? shapesTable(store, named[1]) : (named[1].by ? groupTable : arrayTable)(store, named));

export const mount = (el, store, { quantities, drawn }) => {
  const tables = store.tape ? [nodeTable(store, drawn)] : quantities.map((named) => tableOf(store, named));
  const details = html("details", { class: "bp-table" }, html("summary", {}, words.table.title), ...tables.map(({ element }) => element));
  const update = () => details.open && tables.forEach((table) => table.update());
  details.addEventListener("toggle", update);
  el.append(details);
  return store.subscribe(update);
};
