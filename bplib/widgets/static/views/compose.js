// The view `compose`: a chain of stages, each with a curve and a slope of its own, and the whole. The slopes
// multiply. A dashed tangent reads a stage where the chain begins instead of at the stage's own input: wrong, as
// the whole shows with a dashed tangent of its own, and a last curve for every number that the chain may begin with.
import { html, setText } from "../dom.js";
import { fmt } from "../format.js";
import { rangeOf } from "../parts/axes.js";
import { chart } from "../parts/chart.js";
import { near } from "../parts/near.js";
import { DIGITS, WIDEST, blue, caption, longest, red, say } from "../say.js";
import { fill, pieces, words } from "../words.js";

const SAMPLES = 161;
const SIZE = { height: 182, left: 42, levels: 3 };
const REACH = 0.16; // of a tangent to either side, as a part of the axis
const AGREE = 1e-3; // two products are called equal when three digits are
const EXACT = 1e-9;
const MOST_PLACES = 4000; // that are searched for equal products

const grid = ({ lo, hi }, samples = SAMPLES) =>
  Float64Array.from({ length: samples }, (_, k) => lo + ((hi - lo) * k) / (samples - 1));
const agree = (a, b, tolerance) => Number.isFinite(a + b) && Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
const points = (xs, ys) => Array.from(xs, (x, k) => [x, ys[k]]);

export const mount = (el, store, spec) => {
  const { tape, labels } = store;
  const { names } = labels;
  const { chain } = spec;
  const [start, end] = [chain[0], chain.at(-1)];
  const control = store.control(spec.against);
  const ghosts = html("input", { type: "checkbox", checked: true, onchange: () => store.changed() });

  const redraw = () => store.changed(); // once for all charts that are resized
  // All numbers but that of the control: while it moves, curves stand.
  const others = () => store.inputs.with(control.n, 0);

  // One curve of `to` against `from`.
  const curveOf = (from, to) => {
    const whole = from === start && to === end;
    const moves = from === start; // the point is x itself
    const sheet = chart(SIZE, redraw);
    const [guide, line] = [sheet.guide("base"), sheet.line("curve-line")];
    const [ghost, tangent] = [sheet.tangent("ghost", REACH, -1), sheet.tangent("tangent", REACH)];
    const point = moves
      ? sheet.point(() => control, () => store.inputs[control.n], (x) => store.set(control.n, x))
      : sheet.mark("here", 5.5);
    const slopeLine = caption();
    const ghostLine = caption("bp-wrong");
    slopeLine.keep(fill(words.compose.slope, { derivative: labels.derivative(to, from), slope: WIDEST, from: names[from], x: WIDEST }));
    ghostLine.keep(fill(words.compose.misread, { start: names[start], x: WIDEST, slope: WIDEST }));
    const formula = whole ? "" : ` = ${labels.formulas[to]}`;
    const element = html("div", { class: whole ? "bp-whole" : "bp-stage" },
      html("p", { class: "bp-title" }, whole ? fill(words.compose.whole, { to: names[to], from: names[from] }) : `${names[to]}${formula}`),
      sheet.element, slopeLine.element, ...(moves ? [] : [ghostLine.element]));

    const drawCurve = () => {
      let { lo, hi } = control;
      if (!moves) {
        const reached = rangeOf(store.sweep(control.n, grid(control), from), store.values[from]);
        [lo, hi] = [Math.min(lo, reached.lo), Math.max(hi, reached.hi)];
      }
      const xs = grid({ lo, hi });
      const ys = store.replaced(from, xs)[to];
      sheet.rule({ lo, hi, name: names[from] }, rangeOf(ys, store.values[to]));
      line.show(points(xs, ys));
    };

    const update = (slope) => {
      if (!sheet.ready) return;
      const [x, y] = [store.values[from], store.values[to]];
      sheet.standing(others(), drawCurve);
      tangent.show(x, y, slope, fmt(slope, DIGITS));
      guide.show(x, y);
      const told = fill(words.compose.reads, { to: names[to], from: names[from], x: fmt(x), y: fmt(y), slope: fmt(slope) });
      sheet.label(told);
      point.show(x, y, fill(words.compose.point, { from: names[from], to: names[to] }), told);
      say(slopeLine.line, pieces(words.compose.slope, { derivative: labels.derivative(to, from), slope: [red(slope)], from: names[from], x: [blue(x)] }));
    };
    const mistake = (x, y, slope) => {
      if (!sheet.ready) return;
      if (ghosts.checked && Number.isFinite(slope)) ghost.show(x, y, slope, `✗ ${fmt(slope, DIGITS)}`);
      else ghost.hide();
    };
    // The same stage read at another number: its slope there, and the tangent that goes with it.
    const misread = (x) => {
      const run = store.replaced(from, Float64Array.of(x));
      const y = run[to][0];
      const slope = Number.isFinite(y) ? tape.backward(run, to)[from][0] : NaN;
      mistake(x, y, slope);
      setText(ghostLine.line, ghosts.checked ? fill(words.compose.misread, { start: names[start], x: fmt(x), slope: fmt(slope) }) : "");
      return slope;
    };
    // The tangent that the wrong product makes on the whole curve, through the same point.
    const claimed = (slope) => mistake(store.values[from], store.values[to], slope);
    return { element, update, misread, claimed, from, to, close: sheet.close };
  };

  const stages = chain.slice(1).map((to, k) => curveOf(chain[k], to));
  const whole = curveOf(start, end);
  // At each of xs: the slope of the whole, and the product of slopes that are all read there.
  const both = (xs) => {
    const slopeOf = (from, to) => tape.backward(store.replaced(from, xs), to)[from];
    const misread = stages.map(({ from, to }) => slopeOf(from, to));
    return [slopeOf(start, end), xs.map((_, k) => misread.reduce((product, slopes) => product * slopes[k], 1))];
  };

  // The two against every number that the chain may begin with: where they cross, the mistake is right by chance.
  const slopesChart = () => {
    const sheet = chart(SIZE, redraw);
    const derivative = labels.derivative(end, start);
    const [claim, line] = [sheet.line("claim-line", words.compose.claim), sheet.line("slope-line", derivative)];
    const [there, here] = [sheet.mark("claim-here", 4.5), sheet.mark("slope-here", 4.5)];
    const element = html("div", { class: "bp-slopes" },
      html("p", { class: "bp-title" }, fill(words.compose.slopes, { derivative, start: names[start] })), sheet.element, sheet.legend);
    const update = (slope, product) => {
      if (!sheet.ready) return;
      sheet.standing([ghosts.checked, ...others()], () => {
        const xs = grid(control);
        const [slopes, products] = both(xs);
        sheet.rule({ ...control, name: names[start] }, rangeOf([...slopes, ...products], slope));
        line.show(points(xs, slopes));
        claim.show(ghosts.checked ? points(xs, products) : []);
      });
      const x = store.values[start];
      here.show(x, slope);
      there.show(x, ghosts.checked ? product : NaN);
      sheet.label(fill(words.compose.slopesRead, { derivative, start: names[start], x: fmt(x), slope: fmt(slope), claim: fmt(product) }));
    };
    return { element, update, close: sheet.close };
  };
  const slopesOfAll = slopesChart();

  // How many places there are where the mistake is right, from end to end of the control: every step is tried, and
  // between two steps the place where one product overtakes the other. A stretch of them is Infinity.
  let counted = { key: "", n: 0 };
  const places = () => {
    const key = store.inputs.with(control.n, 0).join();
    if (counted.key === key) return counted.n;
    const { lo, hi, step } = control;
    const xs = grid(control, Math.min(MOST_PLACES, Math.round((hi - lo) / step)) + 1);
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

  const handle = near(store);
  const product = caption("bp-product");
  const wrong = caption("bp-product bp-wrong");
  el.append(
    html("div", { class: "bp-stages" }, ...stages.map(({ element }) => element),
      html("div", { class: "bp-wholes" }, whole.element, slopesOfAll.element), handle.element),
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
  wrong.keep(longest([other, onlyHere, among, stretch, gap].map((verdict) => fill(verdict, { ...ends, start: names[start], x: WIDEST, product: widest, claim: WIDEST, slope: WIDEST }))));
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
    handle.show(control);
    const right = agree(claim, slope, AGREE);
    const n = right ? places() : 0;
    const verdict = !Number.isFinite(claim) ? gap : !right ? other : n === Infinity ? stretch : n > 1 ? among : onlyHere;
    const parts = { ...ends, n, start: names[start], x: fmt(x), product: times(misread), claim: fmt(claim), slope: fmt(slope) };
    setText(wrong.line, ghosts.checked ? fill(verdict, parts) : "");
  };

  return store.subscribe(update, ...[...stages, whole, slopesOfAll].map(({ close }) => close));
};
