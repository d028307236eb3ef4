// The view `profile`: one number a layer, values forward beside gradients backward, on one logarithmic scale that is
// there from the start. How much they fall or grow is said in words; so is what is 0 and has no place there.
import { setAttr, setText } from "../dom.js";
import { fmt } from "../format.js";
import { growing } from "../parts/axes.js";
import { chart } from "../parts/chart.js";
import { cursor } from "../parts/cursor.js";
import { curvesOn, memory } from "../parts/curves.js";
import { nearAll } from "../parts/near.js";
import { stopOn } from "../parts/stop.js";
import { DIGITS, WIDE, caption } from "../say.js";
import { fill, words } from "../words.js";

const DECADES = 6; // of the scale at the start: what vanishes has where to go
const SAME = 1.75; // a size that changes less than so many times stays

const MOST_ZEROS = 20; // layers among which zeros in every other one have room to be said

// Whole numbers in order, neighbours joined: "1–3, 7".
const joined = (numbers) => {
  const runs = [];
  for (const n of numbers) {
    if (runs.at(-1)?.[1] === n - 1) runs.at(-1)[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
};

export const mount = (el, store, spec) => {
  const { of, backward, at, names, axis, what } = spec;
  const depth = at.length;
  const layers = Array.from(at, (_, k) => k + 1);
  const titles = backward.map((back) => (back ? words.profile.gradients : words.profile.values));
  const high = growing(spec.y, DECADES);

  const read = memory((frame) => {
    const found = of.map((q) => store.read(q, frame));
    const rows = names.length ? [found[0].values, found[0].gradients] : found.map(({ data }) => data);
    return { xs: layers, ys: rows.map((row) => at.map((k) => row[k])) };
  });

  const sheet = chart({ height: 264, left: 50, levels: 5, named: what !== "" }, () => update());
  const looks = backward.map((back) => (back ? "bp-line-gradient" : "bp-line-0"));
  const drawn = curvesOn(sheet, looks, titles);
  const dots = looks.map((look, k) => sheet.dots(`dot ${look}`, backward[k] ? 4 : 3));
  const reader = cursor(sheet, { onread: () => store.changed() });
  const control = spec.mark === null ? null : store.control(spec.mark);
  const mark = control && stopOn(sheet, control, false, () => store.inputs[spec.mark], (x) => store.set(spec.mark, x));
  const first = Math.min(1, ...(mark ? [mark.at(control.lo)] : []));
  const slider = nearAll(store, mark ? 0 : 1);
  const reading = caption("bp-reading");
  const changes = titles.map(() => caption());
  const scale = caption("bp-note");
  el.append(sheet.legend, sheet.element, ...slider.elements, reading.element, ...changes.map(({ element }) => element), scale.element);

  const reads = (layer, each) => fill(words.profile.reads, {
    axis, layer, name: names[layer - 1] ? fill(words.profile.name, { name: names[layer - 1] }) : "",
    numbers: titles.map((title, k) => {
      const [x, was] = each(k);
      return fill(was ? words.chart.was : words.chart.curve, { title, y: x, was });
    }).join(", "),
  });
  // What becomes of a series on its way: from the first layer to the last, or back.
  const change = (row, k) => {
    const title = titles[k];
    const zeros = layers.filter((layer) => row[layer - 1] === 0);
    if (zeros.length) return fill(words.profile.zero, { title, axis, layers: joined(zeros) });
    const [from, to] = backward[k] ? [depth, 1] : [1, depth];
    const ratio = row[to - 1] / row[from - 1];
    const parts = { title, axis, from, to, each: fmt(ratio ** (1 / (depth - 1)), DIGITS) };
    if (!Number.isFinite(ratio)) return fill(words.profile.unknown, parts);
    if (ratio >= SAME) return fill(words.profile.grows, { ...parts, n: fmt(ratio, 2) });
    if (ratio <= 1 / SAME) return fill(words.profile.falls, { ...parts, n: fmt(1 / ratio, 2) });
    return fill(words.profile.keeps, { ...parts, n: fmt(ratio, DIGITS) });
  };
  const wide = fmt(WIDE, DIGITS);
  reading.keep(reads(depth, () => [wide, wide]));
  changes.forEach(({ keep }, k) => {
    const odd = joined(layers.filter((layer) => layer % 2 && layer < MOST_ZEROS));
    const parts = { title: titles[k], axis, from: depth, to: depth, layers: odd, n: wide, each: wide };
    const all = [fill(words.profile.zero, { ...parts }), fill(words.profile.falls, { ...parts })];
    keep(all[0].length > all[1].length ? all[0] : all[1]);
  });
  const scaleSaid = ({ lo, hi }) =>
    fill(high.stays ? words.profile.stays : words.profile.scale, { lo: fmt(lo, DIGITS), hi: fmt(hi, DIGITS) });
  scale.keep(scaleSaid({ lo: -1e-100, hi: -1e-100 }));

  const update = () => {
    if (!sheet.ready) return;
    slider.update();
    const now = read(store.now);
    const was = store.was && read(store.was);
    const up = high.widen([...now.ys, ...(was?.ys ?? [])].flat());
    const across = { lo: first - 0.5, hi: depth + 0.5, whole: true, name: axis };
    sheet.standing([up.lo, up.hi], () => sheet.rule(across, { ...up, log: true, name: what }));
    sheet.label(fill(words.profile.label, { axis, n: depth }));
    const moved = drawn.show(now, was);
    now.ys.forEach((row, k) => {
      dots[k].show(row.map((x, i) => [layers[i], x]));
      setText(changes[k].line, change(row, k));
    });
    const layer = reader.at;
    const sentence = (digits) =>
      reads(layer, (k) => [fmt(now.ys[k][layer - 1], digits), moved ? fmt(was.ys[k][layer - 1], digits) : ""]);
    const said = layer === null ? fill(words.profile.point, { axis }) : sentence(DIGITS);
    setText(reading.line, said);
    setAttr(reading.element, "title", layer === null ? null : sentence());
    reader.show(layers, fill(words.chart.readAlong, { axis }), said);
    mark?.show(up);
    setText(scale.line, scaleSaid(up));
  };
  return store.subscribe(update, sheet.close);
};
