// What a network says: symbols on one line, the present numbers on the next. Lists for say.js; `now` is what is known.
import { fmt } from "../format.js";
import { mean } from "../samples.js";
import { DIGITS, blue, bracketed, red } from "../say.js";
import { fill, pieces, words } from "../words.js";
import { targetsOf } from "./deltas.js";

export const sentencesOf = (store, anatomy, count) => {
  const { tape, labels } = store;
  const { names } = labels;
  const { top, depth, outputs, into, outOf } = anatomy;
  const targetOf = targetsOf(store, anatomy);
  const delta = (z) => (names[z].startsWith("z") ? `δ${names[z].slice(1)}` : `δ(${names[z]})`);
  const value = (i) => store.values[i];
  const grad = (i) => store.grads[i];
  const slopeOf = ({ z, a }) => tape.backward(store.run, a)[z][0];

  const forward = (unit) => {
    const { z, a } = unit;
    const term = ({ node, from }, name) => (from === undefined ? name(node) : `${name(node)} × ${name(from)}`);
    const sum = (name) => into(unit).map((p) => term(p, name)).join(" + ");
    return [
      `${names[z]} = ${sum((i) => names[i])} = ${sum((i) => bracketed(value(i)))} = `, blue(value(z)),
      `\n${names[a]} = ${labels.formulas[a]} = `, blue(value(a)),
    ];
  };

  // δ = (a − target) / outputs
  const fromTarget = ({ z, a }, target) => {
    const over = (text) => (outputs.length > 1 ? `(${text}) / ${outputs.length}` : text);
    const [symbols, numbers] = [`${names[a]} − ${names[target]}`, `${fmt(value(a))} − ${bracketed(value(target))}`];
    return [`${delta(z)} = ${labels.derivative(top, z)} = ${over(symbols)} = ${over(numbers)} `];
  };
  // δ = dloss/da × da/dz; of a loss from the logit, which goes past the activation, dloss/dz alone.
  const fromLoss = (unit) => {
    const { z, a } = unit;
    const slope = slopeOf(unit);
    const past = Math.abs(grad(a) * slope - grad(z)) > 1e-9 * Math.abs(grad(z));
    if (past) return [`${delta(z)} = ${labels.derivative(top, z)} `];
    const symbols = `${labels.derivative(top, a)} × ${labels.derivative(a, z)}`;
    return [`${delta(z)} = ${symbols} = `, red(grad(a)), ` × ${bracketed(slope)} `];
  };
  // δ = (the sum over the next layer of weight × δ) × da/dz
  const fromNext = (unit) => {
    const { z, a } = unit;
    const uses = outOf(a);
    const sum = uses.map(({ node, unit: next }) => `${names[node]} × ${delta(next.z)}`).join(" + ");
    const numbers = uses.flatMap(({ node, unit: next }, k) =>
      [k ? " + " : "", `${bracketed(value(node))} × `, red(grad(next.z), true)]);
    const end = ` × ${bracketed(slopeOf(unit))} `;
    return [`${delta(z)} = (${sum}) × ${labels.derivative(a, z)}\n= (`, ...numbers, `)${end}`];
  };
  const backward = (unit) => {
    const target = unit.layer === depth ? targetOf(unit) : undefined;
    const rule = target !== undefined ? fromTarget(unit, target)
      : unit.layer === depth || !outOf(unit.a).length ? fromLoss(unit)
      : fromNext(unit);
    return [...rule, "= ", red(grad(unit.z))];
  };

  const edge = (p, now) => {
    const { node, from, unit } = p;
    const d = labels.derivative(top, node);
    const rows = now.whole ? now.rows(unit.layer) : 0;
    const summed = rows ? ["\n", ...pieces(words.network.summed, { rows, n: count, x: [red(now.part(p))] })] : [];
    const own = !now.gradient(unit.layer) ? [fill(words.steps.notYetOf, { name: d })]
      : from === undefined ? [`${d} = ${delta(unit.z)} = `, red(grad(unit.z), true)]
      : [
        `${d} = ${delta(unit.z)} × ${names[from]} = `, red(grad(unit.z), true),
        ` × ${bracketed(value(from))} = `, red(grad(node)),
      ];
    return [`${names[node]} = `, blue(value(node)), "\n", ...own, ...summed];
  };
  const unit = (each, now) =>
    !now.value(each.layer) ? [words.steps.notYet]
      : now.gradient(each.layer) ? [...forward(each), "\n", ...backward(each)]
      : forward(each);
  const input = (i, now) => {
    const gradient = now.gradient(1) ? [`, ${labels.derivative(top, i)} = `, red(grad(i))] : [];
    return [`${names[i]} = `, blue(value(i)), ...gradient];
  };
  // losses: of all samples in an epoch, else null
  const loss = (losses) => {
    const own = [`${names[top]} = `, blue(value(top))];
    return losses ? pieces(words.network.lossMean, { loss: own, n: count, x: [blue(mean(losses))] }) : own;
  };
  const update = ([from, to], whole) => {
    const moves = store.params.map(({ n, name }) => `${name} ${fmt(from[n])} → ${fmt(to[n])}`).join(" · ");
    const sentence = whole ? words.network.updatedMean : words.network.updated;
    return [fill(sentence, { rate: fmt(store.rate), moves })];
  };
  // The same in short, which leaves the picture to be seen: the table has every move.
  const updateInShort = ([from, to]) => {
    const moves = store.params.map(({ n, name }) => ({ name, x: to[n] - from[n] }));
    const { name, x } = moves.reduce((a, b) => (Math.abs(b.x) > Math.abs(a.x) ? b : a));
    const count = moves.filter((move) => move.x !== 0).length;
    const { every, updatedInShort } = words.network;
    return [fill(updatedInShort, { count, name, x: fmt(x, DIGITS), every })];
  };
  const step = ({ phase, layer, row }, losses) => {
    const where = layer > depth ? names[top] : fill(words.network.layer, { k: layer });
    const told = fill(phase === "forward" ? words.network.forward : words.network.backward, { where });
    const head = row === undefined ? told : fill(words.network.ofSample, { k: row + 1, n: count, step: told });
    const of = phase === "forward" ? forward : backward;
    const lines = anatomy.layer(layer).flatMap((each, k) => [k ? "\n" : "", ...of(each)]);
    return [`${head}\n`, ...(layer > depth ? loss(losses) : lines)];
  };
  return { unit, edge, input, loss, update, updateInShort, step };
};
