// The chosen weight of a network: its slider, and the bars that compare prediction and truth from a pinned point.
import { changes } from "../changes.js";
import { slider, typed } from "../controls.js";
import { html, setText } from "../dom.js";
import { fmt } from "../format.js";
import { mean } from "../samples.js";
import { fill, words } from "../words.js";

const SWEPT = 61; // points that find the length of the bars, and where the truth changes sign

export const panelOf = (store, { params, top }) => {
  const { labels } = store;
  const output = labels.names[top];
  let chosen;
  let pin = null; // {key, x, y, slope, most}
  let fields = []; // of the chosen weight
  const weight = html("div", { class: "bp-control" });
  const bars = changes();
  const verdict = html("p", { class: "bp-apart" });
  const pinned = html("span", { class: "bp-tag" });
  const unpin = () => {
    pin = null;
    store.changed();
  };
  const again = { type: "button", title: words.network.measureTitle, onclick: unpin };
  const head = html("div", { class: "bp-buttons" }, pinned, html("button", again, words.network.measure));
  const element = html("div", { class: "bp-move" }, head, bars.element, verdict);

  const choose = (p, byPointer) => {
    if (chosen !== p) { // chosen again, it is measured on: the button measures anew
      const control = store.control(p.n);
      chosen = p;
      fields = [slider(store, control), typed(store, control.name, () => store.inputs[p.n], (x) => store.set(p.n, x))];
      const name = html("span", { class: "bp-name", "aria-hidden": "true" }, control.name);
      weight.replaceChildren(name, ...fields.map(({ input }) => input));
      fields.forEach((field) => field.update());
      unpin();
    }
    if (byPointer === false) fields[0].input.focus();
  };

  // The output along the chosen weight: pairs of weight and output.
  const swept = (from, to) => {
    const xs = Float64Array.from({ length: SWEPT }, (_, k) => from + ((to - from) * k) / (SWEPT - 1));
    const ys = store.sweep(chosen.n, xs, top);
    return Array.from(xs, (x, k) => [x, ys[k]]);
  };
  // Where, on the way back to the pinned point, the true change leaves the sign that it has at x.
  const turn = (x, truth) => {
    let ends = [x, pin.x];
    for (let pass = 0; pass < 3; pass++) {
      const along = swept(...ends);
      const k = along.findIndex(([, y], k) => k > 0 && !((y - pin.y) * truth > 0));
      ends = [along[k - 1][0], along[k][0]];
    }
    return mean(ends);
  };
  // The present point, where none is pinned or something else than the weight has moved since.
  const pinHere = () => {
    const { n, node } = chosen;
    const key = [n, ...store.inputs.with(n, 0)].join();
    if (pin?.key === key) return;
    const { lo, hi } = store.control(n);
    const [x, y, slope] = [store.inputs[n], store.values[top], store.grads[node]];
    const moves = swept(lo, hi).map(([, other]) => other - y).filter(Number.isFinite).map(Math.abs);
    const most = Math.max(...moves, Math.abs(slope) * Math.max(x - lo, hi - x)) || 1;
    pin = { key, x, y, slope, most };
  };
  const verdictOf = (x, predicted, truth) => {
    const { name } = store.control(chosen.n);
    const apart = Math.abs(predicted - truth);
    const large = Math.max(Math.abs(predicted), Math.abs(truth));
    if (large < 1e-12) return fill(words.network.still, { name });
    if (apart <= 0.1 * large) return fill(words.network.agree, { x: fmt(apart) });
    if (predicted * truth >= 0) return fill(words.network.part, { x: fmt(apart) });
    return fill(words.network.opposite, { name, at: fmt(turn(x, truth), 3), x: fmt(apart) });
  };
  const showUnknown = (stale) => {
    pin = null;
    setText(pinned, fill(words.steps.notYetOf, { name: labels.derivative(top, chosen.node) }));
    bars.predicted.show(fill(words.network.predicted, { x: "?" }), 0);
    bars.truth.show(fill(words.network.truth, { output, x: "?" }), 0);
    setText(verdict, stale ? words.network.stale : words.network.noGradient);
  };
  const showChange = () => {
    pinHere();
    const { n, node } = chosen;
    const x = store.inputs[n];
    const predicted = pin.slope * (x - pin.x);
    const truth = store.values[top] - pin.y;
    const derivative = labels.derivative(top, node);
    setText(pinned, fill(words.network.measured, {
      name: store.control(n).name, x: fmt(pin.x), derivative, slope: fmt(pin.slope),
    }));
    bars.predicted.show(fill(words.network.predicted, { x: fmt(predicted) }), predicted / pin.most);
    bars.truth.show(fill(words.network.truth, { output, x: fmt(truth) }), truth / pin.most);
    setText(verdict, verdictOf(x, predicted, truth));
  };

  const movable = params.filter(({ n }) => store.control(n));
  if (movable.length) choose(movable[0]);
  return {
    weight, element, choose,
    get chosen() {
      return chosen;
    },
    show({ gradient, stale }) {
      if (!chosen) return;
      fields.forEach((field) => field.update());
      if (gradient(chosen.unit.layer)) showChange();
      else showUnknown(stale);
    },
  };
};
