// The view `line`: 1-D arrays as curves, over another one or over their index. It can be read where one points, and
// zoomed; the curves before the last move stay as ghosts; a control may be a mark on the axis.
import { html, setAttr, setText } from "../dom.js";
import { fmt } from "../format.js";
import { growing, logRangeOf, nearest, rangeOf, scaleOf } from "../parts/axes.js";
import { chart } from "../parts/chart.js";
import { cursor } from "../parts/cursor.js";
import { curvesOn, memory } from "../parts/curves.js";
import { nearAll } from "../parts/near.js";
import { stopOn } from "../parts/stop.js";
import { DIGITS, WIDE, caption } from "../say.js";
import { fill, words } from "../words.js";

const CLOSEST = 1e-4; // part of the axis that a zoom leaves at least
const MANY = 1000; // points: as wide as their number is written

const within = ({ lo, hi }) => (x) => x >= lo && x <= hi;

export const mount = (el, store, spec) => {
  const { curves, over, against, axis, what } = spec;
  const log = { x: spec.x.log, y: spec.y.log };
  const [along, high] = [growing(spec.x), growing(spec.y)];
  let zoom = null; // {lo, hi}: what the horizontal axis shows of all

  // What a frame has: where its points stand, from left to right, and the curves.
  const read = memory((frame) => {
    const rows = curves.map(({ q }) => Array.from(store.read(q, frame).data));
    const places = over === null ? [...rows[0].keys()] : Array.from(store.read(over, frame).data);
    const known = [...places.keys()].filter((k) => Number.isFinite(places[k]));
    const order = known.sort((a, b) => places[a] - places[b]);
    return { xs: order.map((k) => places[k]), ys: rows.map((row) => order.map((k) => row[k])) };
  });

  const sheet = chart({ height: 264, left: 50, levels: 5, named: what !== "" }, () => update());
  const looks = curves.map(({ gradient }, k) => (gradient ? "bp-line-gradient" : `bp-line-${k}`));
  const drawn = curvesOn(sheet, looks, curves.map(({ title }) => title));
  const dots = looks.map((look) => sheet.mark(`dot ${look}`, 4.5));

  // All of the horizontal axis: a history has room for as many steps as the figure can make.
  const most = along.stays || spec.steps === null ? undefined : store.control(spec.steps)?.hi;
  const whole = (xs = []) => {
    const { lo, hi } = along.widen(xs);
    return most ? { lo: 0, hi: most } : { lo, hi };
  };
  // A zoom keeps to that, and ends where it would show all.
  const zoomTo = (lo, hi) => {
    const all = whole();
    const scale = scaleOf({ ...all, log: log.x });
    if (scale.part(hi) - scale.part(lo) < CLOSEST) return;
    zoom = lo <= all.lo && hi >= all.hi ? null : { lo: Math.max(lo, all.lo), hi: Math.min(hi, all.hi) };
    store.changed();
  };
  const zoomBy = (by) => {
    if (by === 0) return zoomTo(whole().lo, whole().hi);
    const scale = scaleOf({ ...whole(), log: log.x });
    const [from, to] = zoom ? [zoom.lo, zoom.hi].map(scale.part) : [0, 1];
    const here = scale.part(reader.at ?? mark?.at() ?? NaN);
    const middle = within({ lo: from, hi: to })(here) ? here : (from + to) / 2;
    const length = Math.max(CLOSEST, Math.min(1, (to - from) * (by > 0 ? 0.5 : 2)));
    if (length === 1) return zoomBy(0);
    const start = Math.max(0, Math.min(1 - length, middle - length / 2));
    zoomTo(scale.at(start), scale.at(start + length));
  };
  const reader = cursor(sheet, { onread: () => store.changed(), onrange: zoomTo, onzoom: zoomBy });
  const mark = against === null ? null : stopOn(
    sheet, store.control(against), log.x, () => store.inputs[against], (x) => store.set(against, x),
  );

  const button = (text, title, by, label) =>
    html("button", { type: "button", title, "aria-label": label, onclick: () => zoomBy(by) }, text);
  const buttons = html("div", { class: "bp-buttons", role: "group", "aria-label": words.line.zoom },
    button("−", words.line.out, -1, words.line.out), button("+", words.line.in, 1, words.line.in),
    button(words.line.all, words.line.allTitle, 0));
  const slider = nearAll(store, mark ? 0 : 1);
  const reading = caption("bp-reading");
  const scales = caption("bp-note");
  const missing = caption("bp-note");
  el.append(
    html("div", { class: "bp-bar" }, sheet.legend, buttons),
    sheet.element, ...slider.elements, reading.element, scales.element, ...(log.y ? [missing.element] : []),
  );
  const told = (title, y, was) => fill(was ? words.chart.was : words.chart.curve, { title, y, was });
  const reads = (x, each) => {
    const numbers = curves.map(({ title }, k) => told(title, ...each(k))).join(", ");
    return fill(words.line.reads, { axis, x, curves: numbers });
  };
  const lost = (counts) => {
    const parts = counts.map((n, k) => (n ? fill(words.line.count, { n, title: curves[k].title }) : "")).filter(Boolean);
    return parts.length ? fill(words.line.off, { points: parts.join(", ") }) : "";
  };
  const zoomed = (lo, hi) => fill(words.line.zoomed, { axis, lo: fmt(lo, DIGITS), hi: fmt(hi, DIGITS) });
  const wide = fmt(WIDE, DIGITS);
  const [widest] = [words.line.point, reads(wide, () => [wide, wide])].sort((a, b) => b.length - a.length);
  reading.keep(widest);
  missing.keep(lost(curves.map(() => MANY)));
  scales.keep(zoomed(WIDE, WIDE));

  // The vertical axis: all that was ever shown, or while zoomed what is in sight.
  const height = (now, was, across) => {
    const all = high.widen([...now.ys, ...(was?.ys ?? [])].flat());
    const hasPlace = (y) => Number.isFinite(y) && (!log.y || y > 0);
    const seen = now.ys.flatMap((row) => row.filter((y, k) => within(across)(now.xs[k]) && hasPlace(y)));
    if (!zoom || !seen.length) return { ...all, log: log.y };
    const ends = [Math.min, Math.max].map((end) => seen.reduce((a, b) => end(a, b)));
    return { ...(log.y ? logRangeOf(ends, 0.5) : rangeOf(ends, ends[0])), log: log.y };
  };

  const update = () => {
    if (!sheet.ready) return;
    slider.update();
    const now = read(store.now);
    const was = store.was && read(store.was);
    const all = whole([...now.xs, ...(was?.xs ?? [])]);
    const across = { ...(zoom ?? all), log: log.x, whole: over === null, name: axis };
    const up = height(now, was, across);
    sheet.standing([across.lo, across.hi, up.lo, up.hi], () => sheet.rule(across, { ...up, name: what }));
    sheet.label(fill(words.line.label, { curves: curves.map(({ title }) => title).join(", "), axis }));
    const moved = drawn.show(now, was);

    // What is read: where one points, or else at the mark.
    const at = reader.at ?? mark?.at() ?? null;
    const place = at === null || !now.xs.length ? null : nearest(now.xs, at);
    const x = now.xs[place];
    const before = moved ? was.xs.indexOf(x) : -1;
    const sentence = (digits) => reads(fmt(x, digits), (k) =>
      [fmt(now.ys[k][place], digits), before < 0 ? "" : fmt(was.ys[k][before], digits)]);
    const said = place === null ? (now.xs.length ? words.line.point : words.line.empty) : sentence(DIGITS);
    setText(reading.line, said);
    setAttr(reading.element, "title", place === null ? null : sentence());
    dots.forEach((dot, k) => (place !== null && within(across)(x) ? dot.show(x, now.ys[k][place]) : dot.hide()));
    const places = now.xs.filter((each) => within(across)(each) && (!log.x || each > 0));
    reader.show(places, fill(words.chart.readAlong, { axis }), said);
    mark?.show(up);
    const stays = (along.stays || most) && high.stays;
    setText(scales.line, zoom ? zoomed(zoom.lo, zoom.hi) : stays ? words.line.stays : words.line.grows);
    if (log.y) setText(missing.line, lost(now.ys.map((row) => row.filter((y) => y <= 0).length)));
  };
  return store.subscribe(update, sheet.close);
};
