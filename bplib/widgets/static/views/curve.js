// The view `curve`: one quantity against one control. The tangent's slope is the gradient; a nudge compares
// what the gradient predicts with what happens.
import { changes } from "../changes.js";
import { html, menu, setAttr, setText } from "../dom.js";
import { fmt } from "../format.js";
import { onKeys, snap } from "../move.js";
import { movingParts } from "../parts.js";
import { rangeOf } from "../parts/axes.js";
import { chart } from "../parts/chart.js";
import { near } from "../parts/near.js";
import { DIGITS, WIDE, brief, caption, longest } from "../say.js";
import { fill, words } from "../words.js";

const SAMPLES = 201;
const FLOOR = 1e-3; // of the first range: a vertical axis that spans less would make a bend of what is flat

export const mount = (el, store, spec) => {
  const { tape, labels } = store;
  const computed = movingParts(tape).nodes.filter((i) => tape.names[i] && tape.nodes[i][0] !== "input");
  let node = spec.of;
  let control; // the horizontal axis
  let nudges; // the nudge, as a control of its own
  let nudge;
  const floors = new Map(); // what it spans at least, for each curve
  const choose = (chosen) => {
    control = chosen;
    const most = (control.hi - control.lo) / 4;
    nudges = { lo: -most, hi: most, step: control.step };
    nudge = most / 2;
    store.changed();
  };
  choose(store.control(spec.against));

  const sheet = chart({ height: 264, left: 58, levels: 5, named: true }, () => update());
  // The state before the last move, and the gradient steps that led here, between the curve and its tangent.
  const [line, trail, steps, past] = [sheet.line("curve-line"), sheet.line("trail"), sheet.dots("steps"), sheet.dots("past", 5)];
  const [tangent, base] = [sheet.tangent("tangent", 1), sheet.line("base")];
  const [predictedDot, trueDot] = [sheet.mark("dot-predicted", 5), sheet.mark("dot-true", 5)];
  const point = sheet.point(() => control, () => store.inputs[control.n], (x) => store.set(control.n, x));
  const handle = near(store);

  const slopeName = html("span");
  const slopeNumber = html("span", { class: "bp-grad" });
  const nudgeInput = html("input", { type: "range", min: -1, max: 1, step: "any", "aria-label": words.curve.nudge });
  const nudgeText = html("span", { class: "bp-delta" });
  const before = html("span", { class: "bp-before" });
  const slopeLine = caption();
  slopeLine.line.append(slopeName, slopeNumber, before);
  const apart = caption("bp-apart");
  const { element: bars, predicted: predictedChange, truth: trueChange } = changes();
  el.append(html("div", { class: "bp-columns" }, html("div", {}, sheet.element, handle.element), html("div", { class: "bp-side" },
    html("div", { class: "bp-picks" },
      menu(words.curve.of, computed, (i) => labels.names[i], node, (i) => {
        node = i;
        store.changed();
      }),
      menu(words.curve.against, store.controls, ({ name }) => name, control, choose)),
    slopeLine.element,
    html("div", { class: "bp-nudge" }, html("span", {}, words.curve.nudge), nudgeInput, nudgeText),
    bars,
    apart.element)));

  const floorOf = (n, xs) => {
    const key = `${node} ${n}`;
    if (!floors.has(key)) {
      const { lo, hi } = rangeOf(store.sweep(n, xs, node, tape.start), 0);
      floors.set(key, FLOOR * (hi - lo));
    }
    return floors.get(key);
  };

  const drawCurve = (here) => {
    const { n, lo, hi, name } = control;
    const xs = Float64Array.from({ length: SAMPLES }, (_, k) => lo + ((hi - lo) * k) / (SAMPLES - 1));
    const ys = store.sweep(n, xs, node);
    sheet.rule({ lo, hi, name }, { ...rangeOf(ys, here, floorOf(n, xs)), name: labels.names[node] });
    line.show(Array.from(xs, (x, k) => [x, ys[k]]));
  };

  // Room for the longest words of each line, whatever its numbers.
  const keepRoom = (quantity, name) => {
    const x = fmt(WIDE, DIGITS);
    const derivative = `d${quantity}/d${name}`;
    slopeLine.keep(`${fill(words.curve.slope, { derivative })}${x}, ${fill(words.curve.was, { x })}`);
    predictedChange.keep(fill(words.curve.predicted, { x }));
    const truths = [fill(words.curve.truth, { x }), fill(words.curve.undefined, { quantity })];
    trueChange.keep(longest(truths));
    apart.keep(fill(words.curve.apart, { x }));
  };

  const update = () => {
    if (!sheet.ready) return;
    const { n, name } = control;
    const quantity = labels.names[node];
    keepRoom(quantity, name);
    const x = store.inputs[n];
    const y = store.values[node];
    const slope = store.gradientsOf(node)[tape.inputs[n]];
    // While the point moves along its own curve, nothing of the curve changes.
    sheet.standing([node, n, ...store.inputs.with(n, 0)], () => drawCurve(y));
    sheet.label(fill(words.curve.label, { quantity, name }));
    tangent.show(x, y, slope);
    const told = fill(words.curve.reads, { name, x: fmt(x), quantity, y: fmt(y), slope: fmt(slope) });
    point.show(x, y, fill(words.curve.point, { quantity, name }), told);
    handle.show(control);
    setText(slopeName, fill(words.curve.slope, { derivative: `d${quantity}/d${name}` }));
    brief(slopeNumber, slope);
    const { was } = store;
    const wasSlope = was ? store.gradientsOf(node, was)[tape.inputs[n]] : slope;
    setText(before, wasSlope === slope ? "" : `, ${fill(words.curve.was, { x: fmt(wasSlope, DIGITS) })}`);
    setAttr(before, "title", fmt(wasSlope));
    const spot = (state) => [state.inputs[n], state.values[node]];
    past.show(was ? [spot(was)] : []);
    trail.show(store.trail.length ? [...store.trail, store].map(spot) : []);
    steps.show(store.trail.map(spot));

    const after = store.sweep(n, Float64Array.of(x + nudge), node)[0];
    const known = Number.isFinite(after);
    const predicted = slope * nudge;
    const truth = known ? after - y : 0;
    base.show([[x, y], [x + nudge, y], [x + nudge, y + predicted], [x + nudge, y + truth]]);
    predictedDot.show(x + nudge, y + predicted);
    if (known) trueDot.show(x + nudge, y + truth);
    else trueDot.hide();
    nudgeInput.value = nudge / nudges.hi;
    setAttr(nudgeInput, "aria-valuetext", fmt(nudge));
    setText(nudgeText, fmt(nudge, 4));
    const most = Math.max(Math.abs(predicted), Math.abs(truth)) || 1;
    predictedChange.show(fill(words.curve.predicted, { x: fmt(predicted, DIGITS) }), predicted / most, fmt(predicted));
    const change = known ? fill(words.curve.truth, { x: fmt(truth, DIGITS) }) : fill(words.curve.undefined, { quantity });
    trueChange.show(change, truth / most, known ? fmt(truth) : null);
    const between = Math.abs(predicted - truth);
    setText(apart.line, known ? fill(words.curve.apart, { x: fmt(between, DIGITS) }) : "");
    setAttr(apart.element, "title", known ? fmt(between) : null);
  };

  // The nudge keeps to whole steps from 0.
  const setNudge = (delta) => {
    nudge = snap({ ...nudges, lo: Math.ceil(nudges.lo / nudges.step) * nudges.step }, delta);
    store.changed();
  };
  nudgeInput.addEventListener("input", () => setNudge(Number(nudgeInput.value) * nudges.hi));
  onKeys(nudgeInput, () => nudges, () => nudge, setNudge);
  return store.subscribe(update, sheet.close);
};
