// What the graph says about a node or an edge: symbols on one line, the present numbers on the next.
import { fmt } from "./format.js";
import { blue, bracketed, red } from "./say.js";
import { fill, pieces, words } from "./words.js";

export const sentencesFor = (store, { edges }) => {
  const { tape, labels } = store;
  const { names } = labels;
  const top = tape.output;
  const d = (i) => labels.derivative(top, i);
  const local = (edge) => tape.locals(edge.to, store.run)[edge.arg];
  const share = (edge) => store.grads[edge.to] * local(edge);
  const usesOf = (i) => edges.filter((edge) => edge.from === i && edge.to <= top);
  const symbols = (uses) => uses.map((use) => `${d(use.to)} × ${labels.local(use.to, use.from)}`).join(" + ");
  const numbers = (uses) => uses.flatMap((use, k) => [k ? " + " : "", red(store.grads[use.to], k), ` × ${bracketed(local(use))}`]);

  return {
    local,
    share,
    forward(i) {
      const [op, ...args] = tape.nodes[i];
      if (op === "input") return pieces(words.graph.given, { name: names[i], x: [blue(store.values[i])] });
      const formula = names[i] === labels.formulas[i] ? "" : ` = ${labels.formulas[i]}`;
      return [`${names[i]}${formula} = ${labels.withNumbers(op, args.map((j) => store.values[j]))} = `, blue(store.values[i])];
    },
    backward(i) {
      const result = [`${d(i)} = `, red(store.grads[i])];
      if (i === top) return pieces(words.graph.start, { gradient: result });
      const uses = usesOf(i);
      if (!uses.length) return pieces(words.graph.independent, { gradient: result, output: names[top] });
      const gradient = [`${d(i)} = ${symbols(uses)}\n= `, ...numbers(uses), " = ", red(store.grads[i])];
      return uses.length > 1 ? pieces(words.graph.uses, { gradient, n: uses.length }) : gradient;
    },
    before(i, was) {
      return pieces(words.graph.before, { x: [blue(was.values[i])], gradient: [red(was.grads[i])] });
    },
    edge(edge) {
      const { from, to } = edge;
      const uses = usesOf(from);
      const product = [...numbers([edge]), " = ", red(share(edge))];
      if (uses.length < 2) return [`${names[from]} → ${names[to]}:  ${d(from)} = ${symbols([edge])}\n= `, ...product];
      const sum = uses.map((use, k) => (k ? bracketed : fmt)(share(use))).join(" + ");
      return pieces(words.graph.share, {
        from: names[from], to: names[to], symbols: symbols([edge]), numbers: product, n: uses.length,
        gradient: [`${d(from)} = ${sum} = `, red(store.grads[from])],
      });
    },
  };
};
