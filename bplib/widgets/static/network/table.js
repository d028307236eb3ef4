// Every intermediate of a network, with what is known of it: a table that folds.
import { html, setText } from "../dom.js";
import { fmt } from "../format.js";
import { fill, words } from "../words.js";

export const tableOf = (store, anatomy, count) => {
  const { names } = store.labels;
  const { order, others, layers, top, depth, units, params } = anatomy;
  const layerOf = new Map([
    ...units.flatMap(({ z, a, layer }) => [[z, layer], [a, layer]]),
    ...params.map(({ node, unit }) => [node, unit.layer]),
    [top, depth + 1],
  ]);
  const paramOf = new Map(params.map((p) => [p.node, p]));
  const given = new Set([...layers[0], ...others]);
  // The gradient of the loss is 1 as soon as there is a loss; that of an input comes with the first layer's.
  const known = (i, { value, gradient }) => {
    if (i === top) return [value(depth + 1), value(depth + 1)];
    if (given.has(i)) return [true, gradient(1)];
    return [paramOf.has(i) || value(layerOf.get(i)), gradient(layerOf.get(i))];
  };
  const cell = (kind) => html("td", { class: kind });
  const rows = [...order, ...others, top].map((i) => {
    const cells = [cell("bp-value"), cell("bp-grad"), cell("bp-grad")];
    return { i, cells, row: html("tr", {}, html("th", { scope: "row" }, names[i]), ...cells) };
  });
  const head = (text) => html("th", { scope: "col" }, text);
  const sum = head(fill(words.network.sumHead, { n: count }));
  const gradientHead = fill(words.network.gradientOf, { output: names[top] }).replace("/", "/\u200b");
  const heads = [head(words.network.name), head(words.network.value), head(gradientHead), sum];
  const table = html(
    "table", {}, html("thead", {}, html("tr", {}, ...heads)), html("tbody", {}, ...rows.map(({ row }) => row)),
  );
  const element = html(
    "details", { class: "bp-every", open: true }, html("summary", {}, words.network.every),
    html("div", { class: "bp-intermediates", role: "group", tabindex: 0, "aria-label": words.network.every }, table),
  );
  let folded = false;
  // After an update, what a parameter was stands before what it is, where the words at the picture have no room for it.
  const valueOf = (i, { stale, moved: [from] }) => {
    const x = fmt(store.values[i]);
    return stale && folded && paramOf.has(i) ? fill(words.network.movedTo, { from: fmt(from[paramOf.get(i).n]), to: x }) : x;
  };
  return {
    element,
    // Where it stands below all the rest, and not beside the picture, it is folded until a reader opens it.
    fold(below) {
      if (below !== folded) element.open = !below;
      folded = below;
    },
    show(now) {
      sum.hidden = !now.whole;
      for (const { i, cells: [value, grad, part] } of rows) {
        const [hasValue, hasGradient] = known(i, now);
        setText(value, hasValue ? valueOf(i, now) : "");
        setText(grad, hasGradient ? fmt(store.grads[i]) : "");
        part.hidden = !now.whole;
        const p = paramOf.get(i);
        setText(part, p && now.whole && now.rows(p.unit.layer) ? fmt(now.part(p)) : "");
      }
    },
  };
};
