// The view `curve`: one quantity against one control. The tangent's slope is the gradient; a nudge compares
// what the gradient predicts with what happens.
import { html, setAll, setAttr, setText, svg, uniqueId } from "./dom.js";
import { fmt } from "./format.js";
import { movingParts } from "./layout.js";
import { moved, snap } from "./store.js";

const SAMPLES = 201;
const HEIGHT = 250;
const EDGE = { top: 10, right: 14, bottom: 40, left: 58 };

// Round numbers between lo and hi, about `count` of them.
const ticks = (lo, hi, count) => {
  const raw = (hi - lo) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((m) => m * power >= raw) * power;
  const first = Math.ceil(lo / step - 1e-9);
  const last = Math.floor(hi / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
};

// The range to show: all of the curve, or its middle where it shoots up beside a gap.
const rangeOf = (ys, here) => {
  const sorted = ys.filter(Number.isFinite).sort();
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  let [lo, hi] = [at(0), at(1)];
  const inner = [at(0.08), at(0.92)];
  if (hi - lo > 12 * (inner[1] - inner[0]) && inner[1] > inner[0]) [lo, hi] = inner;
  [lo, hi] = [Math.min(lo, here), Math.max(hi, here)];
  const pad = (hi - lo) * 0.08 || Math.abs(hi) * 0.1 || 1;
  return [lo - pad, hi + pad];
};

export const mount = (el, store, spec) => {
  const { tape, labels } = store;
  const quantities = movingParts(tape).nodes.filter((i) => tape.names[i] && tape.nodes[i][0] !== "input");
  let node = spec.of;
  let control = store.control(spec.against);
  let nudge = (control.hi - control.lo) / 8;
  let room = 0;
  let key = ""; // what the drawn curve depends on
  let range = [0, 1];

  const select = (label, options, chosen, onchoose) => {
    const id = uniqueId("select");
    const menu = html("select", { id, onchange: () => onchoose(options[menu.selectedIndex][0]) },
      ...options.map(([value, text]) => html("option", { selected: value === chosen }, text)));
    return html("span", {}, html("label", { for: id }, label), " ", menu);
  };
  const clip = uniqueId("clip");
  const path = (className) => svg("path", { class: className });
  const axes = svg("g", { class: "bp-axes", "aria-hidden": "true" });
  const frame = svg("rect");
  const line = path("bp-curve-line");
  const tangent = path("bp-tangent");
  const base = path("bp-base");
  const gap = path("bp-base");
  const predictedDot = svg("circle", { class: "bp-dot-predicted", r: 5 });
  const trueDot = svg("circle", { class: "bp-dot-true", r: 5 });
  const point = svg("g", { class: "bp-point", role: "slider", tabindex: 0 },
    svg("circle", { class: "bp-reach", r: 18 }), svg("circle", { class: "bp-halo", r: 11 }), svg("circle", { class: "bp-here", r: 6.5 }));
  const plot = svg("g", { "clip-path": `url(#${clip})` }, line, tangent, base, gap, predictedDot, trueDot);
  const picture = svg("svg", { role: "group", height: HEIGHT }, svg("clipPath", { id: clip }, frame), axes, plot, point);
  const canvas = html("div", { class: "bp-canvas" }, picture);

  const slopeName = html("span");
  const slopeNumber = html("span", { class: "bp-grad" });
  const slopeText = html("p", {}, slopeName, slopeNumber);
  const nudgeInput = html("input", { type: "range", min: -1, max: 1, step: "any", "aria-label": "nudge Δ" });
  const nudgeText = html("output", { class: "bp-delta" });
  const predictedText = html("span", { class: "bp-grad" });
  const trueText = html("span", { class: "bp-value" });
  const predictedBar = html("div", { class: "bp-bar-predicted" });
  const trueBar = html("div", { class: "bp-bar-true" });
  const apartText = html("p", { class: "bp-apart" });
  const side = html("div", { class: "bp-side" },
    html("div", { class: "bp-picks" },
      select("curve of", quantities.map((i) => [i, labels.names[i]]), node, (i) => ((node = i), store.changed())),
      select("against", store.controls.map((c) => [c, c.name]), control, (c) => {
        control = c;
        nudge = (c.hi - c.lo) / 8;
        store.changed();
      })),
    slopeText,
    html("div", { class: "bp-nudge" }, html("span", { class: "bp-name" }, "nudge Δ"), nudgeInput, nudgeText),
    html("div", { class: "bp-changes" },
      html("i", { class: "bp-key bp-key-predicted" }), predictedText, html("div", { class: "bp-track" }, predictedBar),
      html("i", { class: "bp-key bp-key-true" }), trueText, html("div", { class: "bp-track" }, trueBar)),
    apartText);
  el.append(html("div", { class: "bp-columns" }, canvas, side));

  const inner = () => ({ x0: EDGE.left, x1: room - EDGE.right, y0: HEIGHT - EDGE.bottom, y1: EDGE.top });
  const xAt = (x) => {
    const { x0, x1 } = inner();
    return x0 + ((x - control.lo) / (control.hi - control.lo)) * (x1 - x0);
  };
  const yAt = (y) => {
    const { y0, y1 } = inner();
    // Far outside is far enough: numbers of any size would break the path.
    return Math.max(-1e4, Math.min(1e4, y0 - ((y - range[0]) / (range[1] - range[0])) * (y0 - y1)));
  };
  const at = (x, y) => `${xAt(x).toFixed(2)} ${yAt(y).toFixed(2)}`;

  const drawCurve = (here) => {
    const { x0, x1, y0, y1 } = inner();
    const xs = Float64Array.from({ length: SAMPLES }, (_, k) => control.lo + ((control.hi - control.lo) * k) / (SAMPLES - 1));
    const ys = store.sweep(control.n, xs, node);
    range = rangeOf(ys, here);
    let d = "";
    let open = false;
    ys.forEach((y, k) => {
      if (Number.isFinite(y)) d += `${open ? "L" : "M"}${at(xs[k], y)}`;
      open = Number.isFinite(y);
    });
    setAttr(line, "d", d);
    setAll(frame, { x: x0 - 6, y: y1 - 4, width: x1 - x0 + 12, height: y0 - y1 + 8 });
    const across = ticks(control.lo, control.hi, Math.max(2, Math.min(8, (x1 - x0) / 60)));
    const up = ticks(range[0], range[1], 5);
    const text = (className, x, y, words) => svg("text", { class: className, x, y }, words);
    axes.replaceChildren(
      ...up.map((y) => svg("path", { class: y ? "bp-grid" : "bp-grid bp-zero", d: `M${x0} ${yAt(y)}H${x1}` })),
      ...(control.lo < 0 && control.hi > 0 ? [svg("path", { class: "bp-grid bp-zero", d: `M${xAt(0)} ${y0}V${y1}` })] : []),
      ...up.map((y) => text("bp-tick bp-tick-y", x0 - 8, yAt(y) + 4, fmt(y, 4))),
      svg("path", { class: "bp-axis", d: `M${x0} ${y0}H${x1}` }),
      ...across.map((x) => text("bp-tick bp-tick-x", xAt(x), y0 + 17, fmt(x, 4))),
      text("bp-axis-name bp-tick-x", (x0 + x1) / 2, HEIGHT - 6, control.name),
      text("bp-axis-name", 4, y1 + 2, labels.names[node]),
    );
  };

  const update = () => {
    if (!room) return;
    const x = store.inputs[control.n];
    const y = store.values[node];
    const slope = store.gradientsOf(node)[tape.inputs[control.n]];
    // While the point moves along its own curve, nothing of the curve changes.
    const others = [room, node, control.n, ...store.inputs.with(control.n, 0)].join();
    if (key !== others) {
      key = others;
      drawCurve(y);
    }
    const { lo, hi } = control;
    setAttr(tangent, "d", `M${at(lo, y + slope * (lo - x))}L${at(hi, y + slope * (hi - x))}`);
    const quantity = labels.names[node];
    setAll(point, {
      transform: `translate(${xAt(x)} ${yAt(y)})`,
      "aria-label": `${quantity} against ${control.name}`,
      "aria-valuemin": lo,
      "aria-valuemax": hi,
      "aria-valuenow": x,
      "aria-valuetext": `${control.name} ${fmt(x)}, ${quantity} ${fmt(y)}, slope ${fmt(slope)}`,
    });
    setAttr(picture, "aria-label", `Curve of ${quantity} against ${control.name}, with its tangent`);

    const there = x + nudge;
    const after = store.sweep(control.n, Float64Array.of(there), node)[0];
    const predicted = slope * nudge;
    const known = Number.isFinite(after);
    setAttr(base, "d", `M${at(x, y)}H${xAt(there)}`);
    setAttr(gap, "d", `M${at(there, y)}V${yAt(y + predicted)}${known ? `M${at(there, y)}V${yAt(after)}` : ""}`);
    setAll(predictedDot, { cx: xAt(there), cy: yAt(y + predicted) });
    setAll(trueDot, { cx: xAt(there), cy: known ? yAt(after) : -99 });
    // Bars to the left or right of a middle line, against the longer of the two.
    const change = known ? after - y : 0;
    const most = Math.max(Math.abs(predicted), Math.abs(change)) || 1;
    for (const [bar, length] of [[predictedBar, predicted / most], [trueBar, change / most]]) {
      bar.style.width = `${50 * Math.abs(length)}%`;
      bar.style.left = `${50 + 50 * Math.min(0, length)}%`;
    }
    setText(slopeName, `tangent's slope: d${quantity}/d${control.name} = `);
    setText(slopeNumber, fmt(slope));
    nudgeInput.value = nudge / ((hi - lo) / 4);
    setAttr(nudgeInput, "aria-valuetext", fmt(nudge));
    setText(nudgeText, fmt(nudge, 4));
    setText(predictedText, `predicted: slope × Δ = ${fmt(predicted)}`);
    setText(trueText, known ? `true change = ${fmt(change)}` : `true change: ${quantity} is undefined there`);
    setText(apartText, known ? `apart by ${fmt(Math.abs(predicted - change))}` : "");
  };

  const setNudge = (delta) => {
    const most = (control.hi - control.lo) / 4;
    nudge = Math.max(-most, Math.min(most, Number((Math.round(delta / control.step) * control.step).toPrecision(12))));
    store.changed();
  };
  nudgeInput.addEventListener("input", () => setNudge((Number(nudgeInput.value) * (control.hi - control.lo)) / 4));
  nudgeInput.addEventListener("keydown", (event) => {
    const most = (control.hi - control.lo) / 4;
    const to = moved({ lo: -most, hi: most, step: control.step }, nudge, event.key);
    if (to === undefined) return;
    event.preventDefault();
    setNudge(to);
  });
  point.addEventListener("keydown", (event) => {
    const to = moved(control, store.inputs[control.n], event.key);
    if (to === undefined) return;
    event.preventDefault();
    store.set(control.n, to);
  });
  const follow = (event) => {
    const { x0, x1 } = inner();
    const x = control.lo + ((event.clientX - picture.getBoundingClientRect().left - x0) / (x1 - x0)) * (control.hi - control.lo);
    store.set(control.n, snap(control, x));
  };
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    point.focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
  });
  picture.addEventListener("pointermove", (event) => {
    if (picture.hasPointerCapture(event.pointerId)) follow(event);
  });

  const resized = new ResizeObserver(() => {
    const width = Math.floor(canvas.clientWidth);
    if (width === room) return;
    room = width;
    setAttr(picture, "width", width);
    update();
  });
  resized.observe(canvas);
  const unsubscribe = store.subscribe(update);
  return () => {
    unsubscribe();
    resized.disconnect();
  };
};
