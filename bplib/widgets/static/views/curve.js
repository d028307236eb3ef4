// The view `curve`: one quantity against one control. The tangent's slope is the gradient; a nudge compares
// what the gradient predicts with what happens.
import { onAxis, rangeOf, ticks, widthOf, written } from "../axes.js";
import { changes } from "../changes.js";
import { html, menu, setAll, setAttr, setText, svg, uniqueId } from "../dom.js";
import { fmt } from "../format.js";
import { onCurve, onKeys, snap } from "../move.js";
import { movingParts } from "../parts.js";
import { DIGITS, WIDE, brief, caption } from "../say.js";
import { fill, words } from "../words.js";

const SAMPLES = 201;
const [TOP, RIGHT, BOTTOM, LEFT] = [24, 16, 226, 58]; // edges of the plot; RIGHT counts from the right
const HEIGHT = 264;
const FLOOR = 1e-3; // of the first range: a vertical axis that spans less would make a bend of what is flat

export const mount = (el, store, spec) => {
  const { tape, labels } = store;
  const computed = movingParts(tape).nodes.filter((i) => tape.names[i] && tape.nodes[i][0] !== "input");
  let node = spec.of;
  let control; // the horizontal axis
  let nudges; // the nudge, as a control of its own
  let nudge;
  let room = 0; // width of the picture
  let left = LEFT; // more where the numbers beside the axis are long
  let drawn = ""; // what the drawn curve depends on
  let range; // of the vertical axis
  const floors = new Map(); // what it spans at least, for each curve
  const choose = (chosen) => {
    control = chosen;
    const most = (control.hi - control.lo) / 4;
    nudges = { lo: -most, hi: most, step: control.step };
    nudge = most / 2;
    store.changed();
  };
  choose(store.control(spec.against));

  const path = (name) => svg("path", { class: `bp-${name}` });
  const circle = (name, r) => svg("circle", { class: `bp-${name}`, r });
  const clip = uniqueId("clip");
  const frame = svg("rect", { y: TOP - 4, height: BOTTOM - TOP + 8 });
  const axes = svg("g", { "aria-hidden": "true" });
  const [line, tangent, base] = [path("curve-line"), path("tangent"), path("base")];
  const [predictedDot, trueDot] = ["dot-predicted", "dot-true"].map((name) => svg("g", {}, path(name)));
  // The state before the last move, and the gradient steps that led here.
  const [past, trail, steps] = [path("past"), path("trail"), path("steps")];
  const point = svg("g", { class: "bp-point", role: "slider", tabindex: 0 }, circle("reach", 18), circle("halo", 11), path("here"));
  const picture = svg(
    "svg", { role: "group", height: HEIGHT },
    svg("clipPath", { id: clip }, frame), axes,
    svg("g", { "clip-path": `url(#${clip})` }, line, trail, steps, past, tangent, base), predictedDot, trueDot, point,
  );
  const canvas = html("div", { class: "bp-canvas" }, picture);

  const slopeName = html("span");
  const slopeNumber = html("span", { class: "bp-grad" });
  const nudgeInput = html("input", { type: "range", min: -1, max: 1, step: "any", "aria-label": words.curve.nudge });
  const nudgeText = html("span", { class: "bp-delta" });
  const before = html("span", { class: "bp-before" });
  const slopeLine = caption();
  slopeLine.line.append(slopeName, slopeNumber, before);
  const apart = caption("bp-apart");
  const { element: bars, predicted: predictedChange, truth: trueChange } = changes();
  el.append(html("div", { class: "bp-columns" }, canvas, html("div", { class: "bp-side" },
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

  const xAt = (x) => onAxis(x, [control.lo, control.hi], left, room - RIGHT);
  const yAt = (y) => onAxis(y, range, BOTTOM, TOP);
  const at = (x, y) => `${xAt(x).toFixed(2)} ${yAt(y).toFixed(2)}`;

  // Where a mark stands: in its place as a dot, or at the edge as an arrow that points there.
  const mark = (group, x, y, r) => {
    const [a, b] = [Math.max(left, Math.min(room - RIGHT, x)), Math.max(TOP, Math.min(BOTTOM, y))];
    setAttr(group, "transform", `translate(${a} ${b})`);
    setAll(group.lastChild, a === x && b === y
      ? { d: `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`, transform: "" }
      : { d: `M${r} 0L${-r} ${-r}V${r}Z`, transform: `rotate(${(Math.atan2(y - b, x - a) * 180) / Math.PI})` });
  };

  const floorOf = (n, xs) => {
    const key = `${node} ${n}`;
    if (!floors.has(key)) {
      const [lo, hi] = rangeOf(store.sweep(n, xs, node, tape.start), 0);
      floors.set(key, FLOOR * (hi - lo));
    }
    return floors.get(key);
  };

  const drawCurve = (here) => {
    const { lo, hi, name } = control;
    const right = room - RIGHT;
    const xs = Float64Array.from({ length: SAMPLES }, (_, k) => lo + ((hi - lo) * k) / (SAMPLES - 1));
    const ys = store.sweep(control.n, xs, node);
    range = rangeOf(ys, here, floorOf(control.n, xs));
    const levels = ticks(...range, 5);
    const numbers = written(levels);
    left = Math.max(LEFT, widthOf(numbers) + 12);
    const stops = ticks(lo, hi, Math.min(8, (right - left) / 60));
    const below = written(stops);
    let d = "";
    ys.forEach((y, k) => {
      if (Number.isFinite(y)) d += `${Number.isFinite(ys[k - 1]) ? "L" : "M"}${at(xs[k], y)}`;
    });
    setAttr(line, "d", d);
    setAll(frame, { x: left - 6, width: right - left + 12 });
    const rule = (name, d) => svg("path", { class: `bp-${name}`, d });
    const text = (name, x, y, words) => svg("text", { class: `bp-${name}`, x, y }, words);
    axes.replaceChildren(
      ...levels.flatMap((y, k) => [rule(y ? "grid" : "zero", `M${left} ${yAt(y)}H${right}`), text("tick-y", left - 8, yAt(y) + 4, numbers[k])]),
      ...stops.flatMap((x, k) => [
        ...(x ? [] : [rule("zero", `M${xAt(0)} ${BOTTOM}V${TOP}`)]),
        text("tick-x", xAt(x), BOTTOM + 17, below[k]),
      ]),
      rule("axis", `M${left} ${BOTTOM}H${right}`),
      text("axis-x", (left + right) / 2, HEIGHT - 4, name),
      text("axis-y", 4, 12, labels.names[node]),
    );
  };

  // Room for the longest words of each line, whatever its numbers.
  const keepRoom = (quantity, name) => {
    const x = fmt(WIDE, DIGITS);
    const derivative = `d${quantity}/d${name}`;
    slopeLine.keep(`${fill(words.curve.slope, { derivative })}${x}, ${fill(words.curve.was, { x })}`);
    predictedChange.keep(fill(words.curve.predicted, { x }));
    const truths = [fill(words.curve.truth, { x }), fill(words.curve.undefined, { quantity })];
    trueChange.keep(truths.reduce((a, b) => (b.length > a.length ? b : a)));
    apart.keep(fill(words.curve.apart, { x }));
  };

  const update = () => {
    if (!room) return;
    const { lo, hi, n, name } = control;
    const quantity = labels.names[node];
    keepRoom(quantity, name);
    const x = store.inputs[n];
    const y = store.values[node];
    const slope = store.gradientsOf(node)[tape.inputs[n]];
    // While the point moves along its own curve, nothing of the curve changes.
    const key = [room, node, n, ...store.inputs.with(n, 0)].join();
    if (drawn !== key) drawCurve(y);
    drawn = key;
    setAttr(tangent, "d", `M${at(lo, y + slope * (lo - x))}L${at(hi, y + slope * (hi - x))}`);
    mark(point, xAt(x), yAt(y), 6.5);
    setAll(point, {
      "aria-label": fill(words.curve.point, { quantity, name }),
      "aria-valuemin": lo,
      "aria-valuemax": hi,
      "aria-valuenow": x,
      "aria-valuetext": fill(words.curve.reads, { name, x: fmt(x), quantity, y: fmt(y), slope: fmt(slope) }),
    });
    setAttr(picture, "aria-label", fill(words.curve.label, { quantity, name }));
    setText(slopeName, fill(words.curve.slope, { derivative: `d${quantity}/d${name}` }));
    brief(slopeNumber, slope);
    const { was } = store;
    const wasSlope = was ? store.gradientsOf(node, was)[tape.inputs[n]] : slope;
    setText(before, wasSlope === slope ? "" : `, ${fill(words.curve.was, { x: fmt(wasSlope, DIGITS) })}`);
    setAttr(before, "title", fmt(wasSlope));
    const spot = (state) => at(state.inputs[n], state.values[node]);
    setAttr(past, "d", was ? `M${spot(was)}m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0` : "");
    setAttr(trail, "d", store.trail.length ? `M${[...store.trail, store].map(spot).join("L")}` : "");
    setAttr(steps, "d", store.trail.map((state) => `M${spot(state)}h0`).join(""));

    const after = store.sweep(n, Float64Array.of(x + nudge), node)[0];
    const known = Number.isFinite(after);
    const predicted = slope * nudge;
    const truth = known ? after - y : 0;
    const ends = [y + predicted, y + truth].map(yAt);
    setAttr(base, "d", `M${at(x, y)}H${xAt(x + nudge)}V${ends[0]}V${ends[1]}`);
    mark(predictedDot, xAt(x + nudge), ends[0], 5);
    mark(trueDot, xAt(x + nudge), ends[1], 5);
    setAttr(trueDot, "visibility", known ? null : "hidden");
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
  onCurve(store, picture, point, () => control, () => [left, room - RIGHT]);

  const resized = new ResizeObserver(() => {
    room = canvas.clientWidth;
    setAttr(picture, "width", room);
    update();
  });
  resized.observe(canvas);
  const unsubscribe = store.subscribe(update);
  return () => {
    unsubscribe();
    resized.disconnect();
  };
};
