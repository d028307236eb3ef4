// The view `ribbons`: a nudge on upright number lines of one scale. On each line stands where a number is, and the
// stretch from there to where the nudge takes it; ribbons lead from each stretch to what it makes of the next, longer or
// shorter. Where two lines feed one, their parts join end to end: the second begins where the first has ended.
import { html, setAll, setAttr, setText, svg } from "../dom.js";
import { fmt } from "../format.js";
import { onKeys, snap } from "../move.js";
import { scaleOf, widthOf, written } from "../parts/axes.js";
import { tries } from "../parts/reach.js";
import { onRoom } from "../parts/room.js";
import { DIGITS, WIDE, bracketed, caption } from "../say.js";
import { fill, words } from "../words.js";

const [TOP, BOTTOM, LEVELS] = [14, 214, 4]; // px, px, ticks
const ROW = 24; // px: the names and factors of one path
const RIGHT = 26; // px beside the last line
const APART = 9; // px: from a line to each of the two parts that join on it
const GRIP = 44; // px

export const mount = (el, store, { stops, against, nudge }) => {
  const { tape, labels: { names } } = store;
  const [start, end] = [stops[0][0], stops.at(-1)[0]];
  const ways = Math.max(...stops.map(({ length }) => length));
  const lines = stops.flat();
  // way: 1 on what the second path has for itself; share: which of how many parts its end is.
  const ribbons = stops.slice(1).flatMap((to, k) => stops[k].flatMap((from, part) =>
    to.map((node, other) => ({ from, to: node, way: part || other, share: stops[k].length > 1 ? part + 1 : 0, first: stops[k][0] }))));

  // Where each line stands without and with the nudge, and from where to where each ribbon takes its own.
  const moved = (inputs) => {
    const [now, then] = [inputs, inputs.with(against, inputs[against] + inputs[nudge])].map((at) => tape.forward(at).map(([x]) => x));
    const ends = ribbons.map(({ to, share, first }) => {
      if (!share) return [now[to], then[to]];
      const between = store.replaced(first, Float64Array.of(then[first]), inputs)[to][0];
      return share > 1 ? [between, then[to]] : [now[to], between];
    });
    return { now, then, ends };
  };

  let [lo, hi] = [Infinity, -Infinity];
  const widen = ({ now, then, ends }) => {
    for (const x of [...lines.flatMap((i) => [now[i], then[i]]), ...ends.flat()]) {
      if (Number.isFinite(x)) [lo, hi] = [Math.min(lo, x), Math.max(hi, x)];
    }
  };
  for (const inputs of tries(store)) widen(moved(inputs));

  const height = BOTTOM + ways * ROW + 8;
  const part = (name) => svg("path", { class: `bp-${name}` });
  const rules = svg("g", { "aria-hidden": "true" });
  const shapes = ribbons.map(({ way }) => [part(`ribbon bp-way-${way}`), part(`stretch bp-way-${way}`)]);
  const nudged = part("stretch bp-way-0");
  const dots = lines.slice(1).map(() => [svg("circle", { class: "bp-there", r: 4.5 }), svg("circle", { class: "bp-here", r: 4.5 })]);
  const told = svg("g", { class: "bp-told", "aria-hidden": "true" });
  const picture = svg("svg", { role: "group", height }, rules, ...shapes.flat(), nudged, ...dots.flat(), told);
  const element = html("div", { class: "bp-canvas bp-chart" }, picture);
  const [whole, slopes] = [caption(), caption("bp-slopes")];
  el.append(element, whole.element, slopes.element);

  let scale;
  const yAt = (x) => BOTTOM - scale.part(x) * (BOTTOM - TOP);
  // x itself, at the left of its line, and the end of the nudge, at the right.
  const grip = (n, name, side, from) => {
    const control = store.control(n);
    const handle = svg("g", { class: "bp-point", role: "slider", tabindex: 0, "aria-label": name },
      svg("rect", { class: "bp-reach", x: side, y: -GRIP / 2, width: GRIP, height: GRIP }),
      svg("circle", { class: "bp-halo", r: 10 }), svg("circle", { class: side ? "bp-here" : "bp-there", r: 6 }));
    const pointed = (event) => event.clientY - picture.getBoundingClientRect().top;
    const at = () => yAt(from() + store.inputs[n]);
    let down = null; // px from the middle of the handle
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      event.preventDefault();
      down = pointed(event) - at();
    });
    handle.addEventListener("pointermove", (event) => {
      if (down === null) return;
      const x = scale.at((BOTTOM - pointed(event) + down) / (BOTTOM - TOP));
      store.set(n, snap(control, x - from()));
    });
    handle.addEventListener("lostpointercapture", () => (down = null));
    onKeys(handle, () => control, () => store.inputs[n], (x) => store.set(n, x));
    picture.append(handle);
    return (x) => {
      const { lo, hi } = control;
      setAll(handle, {
        transform: `translate(${x} ${at()})`, "aria-valuemin": lo, "aria-valuemax": hi, "aria-valuenow": store.inputs[n],
        visibility: store.open.has(control.name) ? null : "hidden",
      });
    };
  };
  const grips = [grip(nudge, names[tape.inputs[nudge]], 0, () => store.inputs[against]), grip(against, names[start], -GRIP, () => 0)];

  const [top, bottom] = [names[end], names[start]];
  whole.keep(fill(words.ribbons.whole, { end: top, start: bottom, factor: fmt(WIDE, DIGITS) }));
  const paths = Array.from({ length: ways }, (_, way) => stops.map((stop) => stop[way] ?? stop[0]));
  const sum = (texts, x) => fill(words.ribbons.slopes, { end: top, start: bottom, products: texts.join(" + "), slope: x });
  slopes.keep(sum(paths.map((path) => path.slice(1).map(() => fmt(WIDE, DIGITS)).join(" × ")), fmt(WIDE, DIGITS)));

  const update = () => {
    const room = el.clientWidth;
    if (!room) return;
    const move = moved(store.inputs);
    const { now, then, ends } = move;
    widen(move);
    scale = scaleOf({ lo, hi: hi > lo ? hi : lo + 1 });
    const ticks = scale.ticks(LEVELS);
    const numbers = written(ticks);
    const left = widthOf(numbers) + RIGHT;
    const xs = new Map(lines.map((i, k) => [i, left + ((room - left - RIGHT) * k) / (lines.length - 1)]));
    const text = (name, x, y, words) => svg("text", { class: `bp-${name}`, x, y }, words);
    setAttr(picture, "width", room);
    rules.replaceChildren(
      ...ticks.flatMap((x, k) => [
        svg("path", { class: `bp-${x ? "grid" : "zero"}`, d: `M${left - 12} ${yAt(x)}H${room - RIGHT + 12}` }),
        text("tick-y", left - 18, yAt(x) + 4, numbers[k]),
      ]),
      ...lines.map((i) => svg("path", { class: "bp-axis", d: `M${xs.get(i)} ${TOP - 6}V${BOTTOM + 6}` })),
    );
    const factors = ribbons.map(({ from, to, share }, k) => {
      const [a, b, c, d] = [now[from], then[from], ...ends[k]];
      const [left, right] = [xs.get(from), xs.get(to) + [0, -APART, APART][share]];
      const half = (left + right) / 2;
      const [p, q, r, s] = [a, b, c, d].map(yAt);
      const known = Number.isFinite(p + q + r + s);
      setAttr(shapes[k][0], "d", known ? `M${left} ${p}C${half} ${p} ${half} ${r} ${right} ${r}V${s}C${half} ${s} ${half} ${q} ${left} ${q}Z` : "");
      setAttr(shapes[k][1], "d", known ? `M${right} ${r}V${s}` : "");
      return (d - c) / (b - a);
    });
    setAttr(nudged, "d", `M${xs.get(start)} ${yAt(now[start])}V${yAt(then[start])}`);
    dots.forEach((pair, k) => pair.forEach((dot, here) => {
      const x = (here ? now : then)[lines[k + 1]];
      setAll(dot, { cx: xs.get(lines[k + 1]), cy: Number.isFinite(x) ? yAt(x) : 0, visibility: Number.isFinite(x) ? null : "hidden" });
    }));
    const along = (path) => path.slice(1).map((to, k) => ribbons.findIndex((each) => each.from === path[k] && each.to === to));
    told.replaceChildren(...paths.flatMap((path, way) => {
      const y = BOTTOM + 8 + ROW * (way + 0.7);
      return [
        ...path.map((i) => text("title", xs.get(i), y, names[i])),
        ...along(path).map((k) => {
          const { from, to } = ribbons[k];
          return text("factor", (xs.get(from) + xs.get(to)) / 2, y, fill(words.ribbons.factor, { factor: fmt(factors[k], DIGITS) }));
        }),
      ];
    }));
    const steps = lines.map((i) => fill(words.ribbons.line, { name: names[i], from: fmt(now[i]), to: fmt(then[i]) }));
    setAttr(picture, "aria-label", fill(words.ribbons.label, { lines: steps.join("; ") }));
    const factor = (then[end] - now[end]) / (then[start] - now[start]);
    setText(whole.line, fill(words.ribbons.whole, { end: top, start: bottom, factor: fmt(factor, DIGITS) }));
    const rates = ribbons.map(({ from, to }) => store.gradientsOf(to)[from]);
    const products = paths.map((path) => along(path).toReversed().map((k) => bracketed(rates[k], DIGITS)).join(" × "));
    setText(slopes.line, sum(products, fmt(store.gradientsOf(end)[start], DIGITS)));
    grips.forEach((show) => show(xs.get(start)));
  };
  return store.subscribe(update, onRoom(el, update));
};
