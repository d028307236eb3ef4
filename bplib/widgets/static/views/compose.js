// The view `compose`: a chain of stages, each with a curve and a slope of its own, and the whole. The slopes
// multiply. A dashed tangent reads a stage where the chain begins instead of at the stage's own input: wrong, as
// the whole shows with a dashed tangent of its own, and a last curve for every number that the chain may begin with.
import { onAxis, rangeOf, ticks, widthOf, written } from "../axes.js";
import { html, setAll, setAttr, setText, svg, uniqueId } from "../dom.js";
import { fmt } from "../format.js";
import { onCurve } from "../move.js";
import { WIDEST, blue, caption, red, say } from "../say.js";
import { fill, pieces, words } from "../words.js";

const SAMPLES = 161;
const [TOP, RIGHT, BOTTOM, LEFT, HEIGHT] = [10, 10, 146, 42, 182]; // RIGHT counts from the right
const REACH = 0.16; // of a tangent to either side, as a part of the axis
const ALONG = 40; // px from the point to the mark of a wrong tangent on the whole curve
const AGREE = 1e-3; // two products are called equal when three digits are
const EXACT = 1e-9;
const MOST_PLACES = 4000; // that are searched for equal products

const grid = ([lo, hi], samples = SAMPLES) => Float64Array.from({ length: samples }, (_, k) => lo + ((hi - lo) * k) / (samples - 1));
const agree = (a, b, tolerance) => Number.isFinite(a + b) && Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
const longer = (...texts) => texts.reduce((a, b) => (b.length > a.length ? b : a));

// The paper of a picture: its axes, and where a pair of numbers stands on it.
const paper = (labelled) => {
  const clip = uniqueId("clip");
  const frame = svg("rect", { y: TOP - 6, height: BOTTOM - TOP + 12 });
  const axes = svg("g", { "aria-hidden": "true" });
  let room = 0;
  let left = LEFT; // more where the numbers beside the axis are long
  let across; // ends of the horizontal axis
  let up; // of the vertical one
  const xAt = (x) => onAxis(x, across, left, room - RIGHT);
  const yAt = (y) => onAxis(y, up, BOTTOM, TOP);
  const at = (x, y) => `${xAt(x).toFixed(2)} ${yAt(y).toFixed(2)}`;
  return {
    xAt, yAt, at,
    clipped: (...parts) => [svg("clipPath", { id: clip }, frame), axes, svg("g", { "clip-path": `url(#${clip})` }, ...parts)],
    get room() { return room; },
    set room(width) { room = width; },
    get ends() { return [left, room - RIGHT]; },
    reach: () => across[1] * REACH - across[0] * REACH,
    curve: (xs, ys) => {
      let d = "";
      ys.forEach((y, k) => {
        if (Number.isFinite(y)) d += `${Number.isFinite(ys[k - 1]) ? "L" : "M"}${at(xs[k], y)}`;
      });
      return d;
    },
    rule: (horizontal, vertical) => {
      [across, up] = [horizontal, vertical];
      const right = room - RIGHT;
      const levels = ticks(...up, 3);
      const numbers = written(levels);
      left = Math.max(LEFT, widthOf(numbers) + 10);
      const stops = ticks(...across, Math.min(8, (right - left) / 52));
      const below = written(stops);
      setAll(frame, { x: left - 4, width: right - left + 8 });
      const line = (name, path) => svg("path", { class: `bp-${name}`, d: path });
      const text = (name, x, y, words) => svg("text", { class: `bp-${name}`, x, y }, words);
      axes.replaceChildren(
        ...levels.flatMap((y, k) => [line(y ? "grid" : "zero", `M${left} ${yAt(y)}H${right}`), text("tick-y", left - 6, yAt(y) + 4, numbers[k])]),
        ...stops.map((x, k) => text("tick-x", xAt(x), BOTTOM + 16, below[k])),
        line("axis", `M${left} ${BOTTOM}H${right}`),
        text("axis-x", (left + right) / 2, HEIGHT - 3, labelled),
      );
    },
  };
};

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
    const sheet = paper(names[from]);
    const { xAt, yAt, at } = sheet;
    const [line, tangent, ghost, guide] = ["curve-line", "tangent", "ghost", "base"].map(path);
    const cross = svg("text", { class: "bp-cross" }, "✗");
    const point = moves
      ? svg("g", { class: "bp-point", role: "slider", tabindex: 0, "aria-valuemin": control.lo, "aria-valuemax": control.hi },
        circle("reach", 18), circle("halo", 10), circle("here", 6))
      : svg("g", {}, circle("here", 5.5));
    const picture = svg("svg", { role: moves ? "group" : "img", height: HEIGHT },
      ...sheet.clipped(guide, line, ghost, tangent, cross), point);
    const canvas = html("div", { class: "bp-canvas" }, picture);
    const slopeLine = caption();
    const ghostLine = caption("bp-wrong");
    slopeLine.keep(fill(words.compose.slope, { derivative: labels.derivative(to, from), slope: WIDEST, from: names[from], x: WIDEST }));
    ghostLine.keep(fill(words.compose.misread, { start: names[start], x: WIDEST, slope: WIDEST }));
    const formula = whole ? "" : ` = ${labels.formulas[to]}`;
    const element = html("div", { class: whole ? "bp-whole" : "bp-stage" },
      html("p", { class: "bp-title" }, whole ? fill(words.compose.whole, { to: names[to], from: names[from] }) : `${names[to]}${formula}`),
      canvas, slopeLine.element, ...(moves ? [] : [ghostLine.element]));

    let drawn = "";
    const touch = (x, y, slope) => {
      const reach = sheet.reach();
      return `M${at(x - reach, y - slope * reach)}L${at(x + reach, y + slope * reach)}`;
    };

    const drawCurve = () => {
      const controlled = [control.lo, control.hi];
      let across = controlled;
      if (!moves) {
        const [lo, hi] = rangeOf(store.sweep(control.n, grid(controlled), from), store.values[from]);
        across = [Math.min(lo, control.lo), Math.max(hi, control.hi)];
      }
      const xs = grid(across);
      const ys = store.replaced(from, xs)[to];
      sheet.rule(across, rangeOf(ys, store.values[to]));
      setAttr(line, "d", sheet.curve(xs, ys));
    };

    const update = (slope) => {
      if (!sheet.room) return;
      const [x, y] = [store.values[from], store.values[to]];
      const key = [sheet.room, ...store.inputs.with(control.n, 0)].join();
      if (drawn !== key) drawCurve();
      drawn = key;
      setAttr(tangent, "d", touch(x, y, slope));
      setAttr(guide, "d", `M${xAt(x)} ${BOTTOM}V${yAt(y)}H${sheet.ends[0]}`);
      setAttr(point, "transform", `translate(${xAt(x)} ${yAt(y)})`);
      const told = fill(words.compose.reads, { to: names[to], from: names[from], x: fmt(x), y: fmt(y), slope: fmt(slope) });
      setAttr(picture, "aria-label", told);
      if (moves) setAll(point, { "aria-label": fill(words.compose.point, { from: names[from], to: names[to] }), "aria-valuenow": x, "aria-valuetext": told });
      say(slopeLine.line, pieces(words.compose.slope, { derivative: labels.derivative(to, from), slope: [red(slope)], from: names[from], x: [blue(x)] }));
    };
    // The same stage read at another number: its slope there, and the tangent that goes with it.
    const misread = (x) => {
      const run = store.replaced(from, Float64Array.of(x));
      const [y, slope] = [run[to][0], tape.backward(run, to)[from][0]];
      const known = Number.isFinite(y) && Number.isFinite(slope);
      const shown = ghosts.checked && known && sheet.room > 0;
      setAttr(ghost, "d", shown ? touch(x, y, slope) : "");
      setAll(cross, shown ? { x: xAt(x) - 5, y: yAt(y) + 5 } : { x: -99, y: -99 });
      setText(ghostLine.line, !ghosts.checked ? "" : fill(words.compose.misread, { start: names[start], x: fmt(x), slope: fmt(known ? slope : NaN) }));
      return known ? slope : NaN;
    };
    // The tangent that the wrong product makes on the whole curve, through the same point.
    const claimed = (slope) => {
      const shown = ghosts.checked && Number.isFinite(slope) && sheet.room > 0;
      const [x, y] = [store.values[from], store.values[to]];
      setAttr(ghost, "d", shown ? touch(x, y, slope) : "");
      const steep = shown ? (yAt(y + slope * sheet.reach()) - yAt(y)) / (xAt(x + sheet.reach()) - xAt(x)) : 0;
      const [ahead, back] = [1, -1].map((side) => {
        const by = (side * ALONG) / Math.hypot(1, steep);
        return shown ? [xAt(x) + by, yAt(y) + steep * by] : [-99, -99];
      });
      const inside = ([a, b]) => a < sheet.ends[1] - 6 && b > TOP && b < BOTTOM;
      const [a, b] = inside(ahead) ? ahead : back;
      setAll(cross, { x: a - 5, y: b + 5 });
    };
    if (moves) onCurve(store, picture, point, () => control, () => sheet.ends);
    const resize = () => {
      sheet.room = canvas.clientWidth;
      setAttr(picture, "width", sheet.room);
    };
    return { element, canvas, resize, update, misread, claimed, from, to };
  };

  const stages = chain.slice(1).map((to, k) => chart(chain[k], to));
  const whole = chart(start, end);
  // At each of xs: the slope of the whole, and the product of slopes that are all read there.
  const both = (xs) => {
    const slopeOf = (from, to) => tape.backward(store.replaced(from, xs), to)[from];
    const misread = stages.map(({ from, to }) => slopeOf(from, to));
    return [slopeOf(start, end), xs.map((_, k) => misread.reduce((product, slopes) => product * slopes[k], 1))];
  };

  // The two against every number that the chain may begin with: where they cross, the mistake is right by chance.
  const slopesChart = () => {
    const sheet = paper(names[start]);
    const [line, claim] = ["slope-line", "claim-line"].map((name) => svg("path", { class: `bp-${name}` }));
    const [here, there] = ["slope-here", "claim-here"].map((name) => svg("circle", { class: `bp-${name}`, r: 4.5 }));
    const picture = svg("svg", { role: "img", height: HEIGHT }, ...sheet.clipped(claim, line, there, here));
    const canvas = html("div", { class: "bp-canvas" }, picture);
    const derivative = labels.derivative(end, start);
    const element = html("div", { class: "bp-slopes" },
      html("p", { class: "bp-title" }, fill(words.compose.slopes, { derivative, start: names[start] })), canvas);
    let drawn = "";
    const update = (slope, product) => {
      if (!sheet.room) return;
      const key = [sheet.room, ...store.inputs.with(control.n, 0)].join();
      if (drawn !== key) {
        const xs = grid([control.lo, control.hi]);
        const [slopes, products] = both(xs);
        sheet.rule([control.lo, control.hi], rangeOf(Float64Array.of(...slopes, ...products), slope));
        setAttr(line, "d", sheet.curve(xs, slopes));
        setAttr(claim, "d", sheet.curve(xs, products));
      }
      drawn = key;
      const x = store.values[start];
      const seen = ghosts.checked && Number.isFinite(product);
      setAll(here, { cx: sheet.xAt(x), cy: sheet.yAt(slope) });
      setAll(there, { cx: sheet.xAt(x), cy: seen ? sheet.yAt(product) : -99 });
      setAttr(claim, "visibility", ghosts.checked ? null : "hidden");
      setAttr(picture, "aria-label", fill(words.compose.slopesRead, { derivative, start: names[start], x: fmt(x), slope: fmt(slope), claim: fmt(product) }));
    };
    const resize = () => {
      sheet.room = canvas.clientWidth;
      setAttr(picture, "width", sheet.room);
    };
    return { element, canvas, resize, update };
  };
  const slopesOfAll = slopesChart();

  // How many places there are where the mistake is right, from end to end of the control: every step is tried, and
  // between two steps the place where one product overtakes the other. A stretch of them is Infinity.
  let counted = { key: "", n: 0 };
  const places = () => {
    const key = store.inputs.with(control.n, 0).join();
    if (counted.key === key) return counted.n;
    const { lo, hi, step } = control;
    const xs = grid([lo, hi], Math.min(MOST_PLACES, Math.round((hi - lo) / step)) + 1);
    const [slopes, products] = both(xs);
    const apart = slopes.map((slope, k) => products[k] - slope);
    const equal = (k, tolerance) => agree(slopes[k], products[k], tolerance);
    const overtakes = (k) => {
      let [a, b] = [xs[k - 1], xs[k]];
      for (let turn = 0; turn < 50; turn++) {
        const middle = (a + b) / 2;
        const [[slope], [product]] = both(Float64Array.of(middle));
        if ((product - slope) * apart[k - 1] > 0) a = middle;
        else b = middle;
      }
      const [[slope], [product]] = both(Float64Array.of((a + b) / 2));
      return agree(slope, product, AGREE);
    };
    let n = 0;
    xs.forEach((_, k) => {
      if (equal(k, AGREE)) n += k && equal(k - 1, AGREE) ? (equal(k, EXACT) && equal(k - 1, EXACT) ? Infinity : 0) : 1;
      else if (k && !equal(k - 1, AGREE) && apart[k] * apart[k - 1] < 0 && overtakes(k)) n += 1;
    });
    counted = { key, n };
    return n;
  };

  const product = caption("bp-product");
  const wrong = caption("bp-product bp-wrong");
  el.append(
    html("div", { class: "bp-stages" }, ...stages.map(({ element }) => element),
      html("div", { class: "bp-wholes" }, whole.element, slopesOfAll.element)),
    product.element,
    html("label", { class: "bp-check" }, ghosts, ` ${fill(words.compose.mistake, { start: names[start] })}`),
    wrong.element,
  );

  // Last stage first, as the derivatives are written.
  const times = (slopes) => slopes.toReversed().map((x) => (x < 0 ? `(${fmt(x)})` : fmt(x))).join(" × ");
  const symbols = stages.toReversed().map(({ from, to }) => labels.derivative(to, from)).join(" × ");
  const top = labels.derivative(end, start);
  const widest = stages.map(() => `(${WIDEST})`).join(" × ");
  product.keep(`${top} = ${symbols}\n= ${widest} = ${WIDEST}`);
  const ends = { n: 10, lo: fmt(control.lo), hi: fmt(control.hi) };
  const { wrong: other, onlyHere, among, stretch, undefined: gap } = words.compose;
  wrong.keep(longer(...[other, onlyHere, among, stretch, gap].map((verdict) => fill(verdict, { ...ends, start: names[start], x: WIDEST, product: widest, claim: WIDEST, slope: WIDEST }))));
  const update = () => {
    const slopes = stages.map(({ from, to }) => store.gradientsOf(to)[from]);
    const slope = store.gradientsOf(end)[start];
    stages.forEach((stage, k) => stage.update(slopes[k]));
    whole.update(slope);
    say(product.line, [`${top} = ${symbols}\n= `, ["bp-grad", times(slopes)], " = ", red(slope)]);
    const x = store.values[start];
    const misread = stages.map((stage, k) => (k ? stage.misread(x) : slopes[0]));
    const claim = misread.reduce((a, b) => a * b);
    whole.claimed(claim);
    slopesOfAll.update(slope, claim);
    const right = agree(claim, slope, AGREE);
    const n = right ? places() : 0;
    const verdict = !Number.isFinite(claim) ? gap : !right ? other : n === Infinity ? stretch : n > 1 ? among : onlyHere;
    const parts = { ...ends, n, start: names[start], x: fmt(x), product: times(misread), claim: fmt(claim), slope: fmt(slope) };
    setText(wrong.line, ghosts.checked ? fill(verdict, parts) : "");
  };

  const all = [...stages, whole, slopesOfAll];
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
