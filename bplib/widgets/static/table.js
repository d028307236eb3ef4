// Every number of the figure as a table, for whoever would rather read than look.
import { html, setText } from "./dom.js";
import { fmt } from "./format.js";
import { movingParts } from "./parts.js";
import { fill, words } from "./words.js";

export const mount = (el, store) => {
  const { tape, labels } = store;
  const rows = movingParts(tape).nodes.map((i) => {
    const value = html("td", { class: "bp-value" });
    const grad = html("td", { class: "bp-grad" });
    const formula = tape.nodes[i][0] === "input" ? words.table.given : labels.formulas[i];
    return { i, value, grad, row: html("tr", {}, html("th", { scope: "row" }, labels.names[i]), html("td", {}, formula), value, grad) };
  });
  const heads = [words.table.node, words.table.formula, words.table.value, fill(words.table.gradient, { output: labels.names[tape.output] })];
  const details = html(
    "details", { class: "bp-table" },
    html("summary", {}, words.table.title),
    html("table", {},
      html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))),
      html("tbody", {}, ...rows.map(({ row }) => row))),
  );
  const update = () => {
    if (!details.open) return;
    for (const { i, value, grad } of rows) {
      setText(value, fmt(store.values[i]));
      setText(grad, fmt(store.grads[i]));
    }
  };
  details.addEventListener("toggle", update);
  el.append(details);
  return store.subscribe(update);
};
