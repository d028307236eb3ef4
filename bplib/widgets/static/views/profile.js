// The view `profile`: one number a layer, values forward beside gradients backward, on one logarithmic scale that is
// there from the start. How much they fall or grow is said in words; so is what is 0 and has no place there.
import { html, setAttr, setText } from "../dom.js";
import { fmt } from "../format.js";
import { growing, nearest } from "../parts/axes.js";
import { chart } from "../parts/chart.js";
import { cursor } from "../parts/cursor.js";
import { memory } from "../parts/memory.js";
import { DIGITS, WIDEST, caption } from "../say.js";
import { fill, words } from "../words.js";

const DECADES = 6; // of the scale at the start: what vanishes has where to go
const SAME = 2; // a size that changes less than so many times stays

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
  const control = spec.mark === null ? null : store.control(spec.mark);
  const stops = control?.stops?.map(Number);
  const layerOf = (x) => (stops ? stops[x] : x);
  const stopAt = (layer) => nearest(stops, layer);
  const first = control ? Math.min(1, layerOf(control.lo)) : 1;
  const high = growing(spec.y, DECADES);

  const read = memory((frame) => {
    const found = of.map((q) => store.read(q, frame));
    const rows = names.length ? [found[0].values, found[0].gradients] : found.map(({ data }) => data);
    return rows.map((row) => at.map((k) => row[k]));
  });

  const sheet = chart({ height: 264, left: 50, levels: 5, named: what !== "" }, () => update());
  const looks = backward.map((back) => (back ? "line-gradient" : "line-0"));
  const ghosts = looks.map((look) => sheet.line(`was bp-${look}`));
  const lines = looks.map((look, k) => sheet.line(`drawn bp-${look}`, titles[k]));
  const dots = looks.map((look, k) => sheet.dots(`${backward[k] ? "ring" : "dot"} bp-${look}`, backward[k] ? 4 : 3));
  const ghostKey = html("span", { class: "bp-note" }, words.line.ghost);
  sheet.legend.append(ghostKey);
  const marked = control && sheet.line("marked");
  const reader = cursor(sheet, { onread: () => store.changed() });
  const handle = control && sheet.point(
    () => control, () => store.inputs[spec.mark], (x) => store.set(spec.mark, x),
    { held: true, of: stops ? stopAt : undefined },
  );
  const reading = caption("bp-reading");
  const changes = titles.map(() => caption());
  const scale = caption("bp-note");
  el.append(sheet.legend, sheet.element, reading.element, ...changes.map(({ element }) => element), scale.element);

  const reads = (layer, each) => fill(words.profile.reads, {
    axis, layer, name: names[layer - 1] ? fill(words.profile.name, { name: names[layer - 1] }) : "",
    numbers: titles.map((title, k) => {
      const [x, was] = each(k);
      return fill(was ? words.line.was : words.line.curve, { title, y: x, was });
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
  reading.keep(reads(depth, () => [WIDEST, WIDEST]));
  changes.forEach(({ keep }, k) => {
    const [from, to] = [depth, depth];
    const parts = { title: titles[k], axis, from, to, n: WIDEST, each: WIDEST };
    const zero = fill(words.profile.zero, { title: titles[k], axis, layers: joined(layers.filter((layer) => layer % 2)) });
    keep([zero, fill(words.profile.falls, parts), fill(words.profile.keeps, parts)].sort((a, b) => b.length - a.length)[0]);
  });
  const scaleSaid = ({ lo, hi }) =>
    fill(high.stays ? words.profile.stays : words.profile.scale, { lo: fmt(lo, DIGITS), hi: fmt(hi, DIGITS) });
  scale.keep(scaleSaid({ lo: -1e-100, hi: -1e-100 }));

  const update = () => {
    if (!sheet.ready) return;
    const now = read(store.now);
    const was = store.was && read(store.was);
    const up = high.widen([...now, ...(was ?? [])].flat());
    const across = { lo: first - 0.5, hi: depth + 0.5, whole: true, name: axis };
    sheet.standing([up.lo, up.hi], () => sheet.rule(across, { ...up, log: true, name: what }));
    sheet.label(fill(words.profile.label, { axis, n: depth }));
    const points = (row) => row.map((x, k) => [k + 1, x]);
    now.forEach((row, k) => {
      lines[k].show(points(row));
      dots[k].show(points(row));
      setText(changes[k].line, change(row, k));
    });
    const moved = was?.some((row, k) => row.some((x, i) => !Object.is(x, now[k][i])));
    ghosts.forEach((line, k) => line.show(moved ? points(was[k]) : []));
    ghostKey.style.visibility = moved ? "" : "hidden";
    const layer = reader.at;
    const sentence = (digits) =>
      reads(layer, (k) => [fmt(now[k][layer - 1], digits), moved ? fmt(was[k][layer - 1], digits) : ""]);
    const said = layer === null ? fill(words.profile.point, { axis }) : sentence(DIGITS);
    setText(reading.line, said);
    setAttr(reading.element, "title", layer === null ? null : sentence());
    reader.show(layers, fill(words.line.readAlong, { axis }), said);
    if (control) {
      const here = layerOf(store.inputs[spec.mark]);
      marked.show([[here, up.lo], [here, up.hi]]);
      handle.show(here, up.lo, control.name, fill(words.line.mark, { name: control.name, x: fmt(here) }));
    }
    setText(scale.line, scaleSaid(up));
  };
  const unsubscribe = store.subscribe(update);
  return () => {
    unsubscribe();
    sheet.close();
  };
};
