// The view `compose`: a chain of stages, each with a curve and a slope of its own, and the whole. The slopes
// multiply. A dashed tangent reads a stage where the chain begins instead of at the stage's own input: wrong.
import { onAxis, rangeOf, ticks, widthOf, written } from "../axes.js";
import { html, setAll, setAttr, setText, svg, uniqueId } from "../dom.js";
import { fmt } from "../format.js";
import { onCurve } from "../move.js";
import { blue, red, say } from "../say.js";
import { fill, pieces, words } from "../words.js";

const SAMPLES = 161;
const [TOP, RIGHT, BOTTOM, LEFT, HEIGHT] = [10, 10, 146, 42, 182]; // RIGHT counts from the right
const REACH = 0.16; // of a tangent to either side, as a part of the axis

export const mount = (el, store, spec) => {
  const { tape, labels } = store;
  const { names } = labels;
  const { chain } = spec;
  const [start, end] = [chain[0], chain.at(-1)];
  const control = store.control(spec.against);
  const ghosts = html("input", { type: "checkbox", checked: true, onchange: () => store.changed() });

  // One curve of `to` against `from`.
  const chart = (from, to) => {
    const whole = from === start && to === end;
    const moves = from === start; // the point is x itself
    const path = (name) => svg("path", { class: `bp-${name}` });
    const circle = (name, r) => svg("circle", { class: `bp-${name}`, r });
    const clip = uniqueId("clip");
    const frame = svg("rect", { y: TOP - 6, height: BOTTOM - TOP + 12 });
    const axes = svg("g", { "aria-hidden": "true" });
    const [line, tangent, ghost, guide] = ["curve-line", "tangent", "ghost", "base"].map(path);
    const cross = svg("text", { class: "bp-cross" }, "✗");
    const point = moves
      ? svg("g", { class: "bp-point", role: "slider", tabindex: 0, "aria-valuemin": control.lo, "aria-valuemax": control.hi },
        circle("reach", 18), circle("halo", 10), circle("here", 6))
      : svg("g", {}, circle("here", 5.5));
    const picture = svg("svg", { role: moves ? "group" : "img", height: HEIGHT },
      svg("clipPath", { id: clip }, frame), axes,
      svg("g", { "clip-path": `url(#${clip})` }, guide, line, ghost, tangent, cross), point);
    const canvas = html("div", { class: "bp-canvas" }, picture);
    const slopeLine = html("p");
    const ghostLine = html("p", { class: "bp-wrong" });
    const formula = whole ? "" : ` = ${labels.formulas[to]}`;
    const element = html("div", { class: whole ? "bp-whole" : "bp-stage" },
      html("p", { class: "bp-title" }, whole ? fill(words.compose.whole, { to: names[to], from: names[from] }) : `${names[to]}${formula}`),
      canvas, slopeLine, ...(moves ? [] : [ghostLine]));

    let room = 0;
    let left = LEFT; // more where the numbers beside the axis are long
    let drawn = "";
    let across; // ends of the horizontal axis
    let up; // of the vertical one
    const xAt = (x) => onAxis(x, across, left, room - RIGHT);
    const yAt = (y) => onAxis(y, up, BOTTOM, TOP);
    const at = (x, y) => `${xAt(x).toFixed(2)} ${yAt(y).toFixed(2)}`;
    const touch = (x, y, slope) => {
      const reach = across[1] * REACH - across[0] * REACH;
      return `M${at(x - reach, y - slope * reach)}L${at(x + reach, y + slope * reach)}`;
    };
    const grid = ([lo, hi]) => Float64Array.from({ length: SAMPLES }, (_, k) => lo + ((hi - lo) * k) / (SAMPLES - 1));

    const drawCurve = () => {
      const controlled = [control.lo, control.hi];
      across = controlled;
      if (!moves) {
        const [lo, hi] = rangeOf(store.sweep(control.n, grid(controlled), from), store.values[from]);
        across = [Math.min(lo, control.lo), Math.max(hi, control.hi)];
      }
      const xs = grid(across);
      const ys = store.replaced(from, xs)[to];
      up = rangeOf(ys, store.values[to]);
      const right = room - RIGHT;
      const levels = ticks(...up, 3);
      const numbers = written(levels);
      left = Math.max(LEFT, widthOf(numbers) + 10);
      const stops = ticks(...across, Math.min(8, (right - left) / 52));
      const below = written(stops);
      let d = "";
      ys.forEach((y, k) => {
        if (Number.isFinite(y)) d += `${Number.isFinite(ys[k - 1]) ? "L" : "M"}${at(xs[k], y)}`;
      });
      setAttr(line, "d", d);
      setAll(frame, { x: left - 4, width: right - left + 8 });
      const rule = (name, path) => svg("path", { class: `bp-${name}`, d: path });
      const text = (name, x, y, words) => svg("text", { class: `bp-${name}`, x, y }, words);
      axes.replaceChildren(
        ...levels.flatMap((y, k) => [rule(y ? "grid" : "zero", `M${left} ${yAt(y)}H${right}`), text("tick-y", left - 6, yAt(y) + 4, numbers[k])]),
        ...stops.map((x, k) => text("tick-x", xAt(x), BOTTOM + 16, below[k])),
        rule("axis", `M${left} ${BOTTOM}H${right}`),
        text("axis-x", (left + right) / 2, HEIGHT - 3, names[from]),
      );
    };

    const update = (slope) => {
      if (!room) return;
      const [x, y] = [store.values[from], store.values[to]];
      const key = [room, ...store.inputs.with(control.n, 0)].join();
      if (drawn !== key) drawCurve();
      drawn = key;
      setAttr(tangent, "d", touch(x, y, slope));
      setAttr(guide, "d", `M${xAt(x)} ${BOTTOM}V${yAt(y)}H${left}`);
      setAttr(point, "transform", `translate(${xAt(x)} ${yAt(y)})`);
      const told = fill(words.compose.reads, { to: names[to], from: names[from], x: fmt(x), y: fmt(y), slope: fmt(slope) });
      setAttr(picture, "aria-label", told);
      if (moves) setAll(point, { "aria-label": fill(words.compose.point, { from: names[from], to: names[to] }), "aria-valuenow": x, "aria-valuetext": told });
      say(slopeLine, pieces(words.compose.slope, { derivative: labels.derivative(to, from), slope: [red(slope)], from: names[from], x: [blue(x)] }));
    };
    // The same stage read at another number: its slope there, and the tangent that goes with it.
    const misread = (x) => {
      const run = store.replaced(from, Float64Array.of(x));
      const [y, slope] = [run[to][0], tape.backward(run, to)[from][0]];
      const known = Number.isFinite(y) && Number.isFinite(slope);
      const shown = ghosts.checked && known && room > 0;
      setAttr(ghost, "d", shown ? touch(x, y, slope) : "");
      setAll(cross, shown ? { x: xAt(x) - 5, y: yAt(y) + 5 } : { x: -99, y: -99 });
      setText(ghostLine, !ghosts.checked ? "" : fill(words.compose.misread, { start: names[start], x: fmt(x), slope: fmt(known ? slope : NaN) }));
      return known ? slope : NaN;
    };
    if (moves) onCurve(store, picture, point, () => control, () => [left, room - RIGHT]);
    const resize = () => {
      room = canvas.clientWidth;
      setAttr(picture, "width", room);
    };
    return { element, canvas, resize, update, misread, from, to };
  };

  const stages = chain.slice(1).map((to, k) => chart(chain[k], to));
  const whole = chart(start, end);
  const product = html("p", { class: "bp-product" });
  const wrong = html("p", { class: "bp-product bp-wrong" });
  el.append(
    html("div", { class: "bp-stages" }, ...stages.map(({ element }) => element), whole.element),
    product,
    html("label", { class: "bp-check" }, ghosts, ` ${fill(words.compose.mistake, { start: names[start] })}`),
    wrong,
  );

  // Last stage first, as the derivatives are written.
  const times = (slopes) => slopes.toReversed().map((x) => (x < 0 ? `(${fmt(x)})` : fmt(x))).join(" × ");
  const update = () => {
    const slopes = stages.map(({ from, to }) => store.gradientsOf(to)[from]);
    const slope = store.gradientsOf(end)[start];
    stages.forEach((stage, k) => stage.update(slopes[k]));
    whole.update(slope);
    const symbols = stages.toReversed().map(({ from, to }) => labels.derivative(to, from)).join(" × ");
    const top = labels.derivative(end, start);
    say(product, [`${top} = ${symbols}\n= `, ["bp-grad", times(slopes)], " = ", red(slope)]);
    const x = store.values[start];
    const misread = stages.map((stage, k) => (k ? stage.misread(x) : slopes[0]));
    const claim = misread.reduce((a, b) => a * b);
    const scale = Math.abs(claim) + Math.abs(slope);
    const { right, wrong: other, undefined: gap } = words.compose;
    const verdict = !Number.isFinite(claim) ? gap : Math.abs(claim - slope) <= 1e-9 * scale ? right : other;
    const parts = { start: names[start], x: fmt(x), product: times(misread), claim: fmt(claim), slope: fmt(slope) };
    setText(wrong, ghosts.checked ? fill(verdict, parts) : "");
  };

  const all = [...stages, whole];
  const resized = new ResizeObserver(() => {
    all.forEach(({ resize }) => resize());
    update();
  });
  all.forEach(({ canvas }) => resized.observe(canvas));
  const unsubscribe = store.subscribe(update);
  return () => {
    unsubscribe();
    resized.disconnect();
  };
};
