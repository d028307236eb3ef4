// The view `tiles`: equations of arrays as rectangles, whose sides are as long as their sizes. What has to be equal in
// an equation Python says (bplib/widgets/shapes.py); whether it is, for the present sizes, is found here.
import { html, setAttr, setText, uniqueId } from "../dom.js";
import { shaped } from "../format.js";
import { nearAll } from "../parts/near.js";
import { caption, longest } from "../say.js";
import { fill, words } from "../words.js";

const { inner, along, result } = words.tiles;
const FAULTS = { inner, along, result };
const LINES = { fits: "solid", only: "dashed", differs: "dotted" }; // along a side that meets another
const SLIDERS = 2; // beside the tiles of a narrow page

const styled = (element, styles) => Object.entries(styles).forEach(([name, x]) => element.style.setProperty(`--bp-${name}`, x));
const sides = (shape) => [1, 1, ...shape].slice(-2); // a vector is a row
const named = ({ left, right }) => `${left}` === `${right}`; // equal for all sizes
const written = (parts) => parts.join(" ").replaceAll("( ", "(").replace(/ ([).])/g, "$1");

// Of an equation what it says of sizes; read(axes) gives numbers for names.
const faultOf = ({ kind, left, right }, name, read) => {
  const [a, b] = [left, right].map((axes) => (kind === "result" ? shaped(read(axes)) : read(axes)));
  return fill(FAULTS[kind], { a, b, left, right, name });
};
const onlyOf = (checks, read) => {
  const alike = new Map(); // by number
  for (const { left, right } of checks) {
    left.forEach((axis, k) => axis !== (right[k] ?? axis) && [axis, right[k]].forEach((each) => {
      const [x] = read([each]);
      alike.set(x, new Set([...(alike.get(x) ?? []), each]));
    }));
  }
  return fill(words.tiles.only, { pairs: [...alike].map(([x, axes]) => [...axes.add(x)].join(" = ")).join(", ") });
};
const fitsOf = (checks) => {
  const pairs = checks.map(({ left, right }) => fill(words.tiles.and, { left, right })).join(", ");
  return pairs ? fill(words.tiles.fits, { pairs }) : words.tiles.plain;
};

export const mount = (el, store, { forms, written: form, puzzles }) => {
  const now = (axes) => store.read(axes);
  const most = (axes) => axes.map((axis) => store.controls.find(({ name }) => name === axis)?.hi ?? now([axis])[0]);

  const tileOf = ({ name, axes, turned }) => {
    const plate = html("i");
    const [is, was] = [html("span"), html("span", { class: "bp-note" })];
    const gradient = /^d./.test(name) ? "bp-gradient" : "";
    const element = html("div", { class: `bp-tile ${gradient} ${turned ? "bp-turned" : ""}` },
      html("b", {}, name), html("div", {}, plate), html("span", {}, shaped(axes)), is, was);
    const [tall, wide] = sides(most(axes));
    const label = longest([name, shaped(axes), fill(words.tiles.was, { shape: shaped(most(axes)) })]);
    styled(element, { wide, letters: label.length });
    return {
      element, tall, wide,
      // marks: [height, width], the states of the sides that meet others. Returns what is read of it.
      update(marks) {
        const shape = now(axes);
        const before = store.was ? store.read(axes, store.was) : shape;
        const moved = shaped(before) !== shaped(shape);
        setText(is, shaped(shape));
        setText(was, moved ? fill(words.tiles.was, { shape: shaped(before) }) : "");
        element.classList.toggle("bp-moved", moved);
        element.classList.toggle("bp-clash", marks.includes("differs"));
        const [[rows, columns], [rows0, columns0], [left, below]] = [sides(shape), sides(before), marks.map((state) => LINES[state] ?? "none")];
        styled(element, { rows, columns, rows0, columns0, left, below });
        return `${name} ${shaped(shape)}`;
      },
    };
  };

  // update() draws and returns {state, said}: whether it fits, by name or for these sizes only, and the sentence.
  const equationOf = ({ parts, checks }) => {
    const drawn = parts.map((part) => (part.name ? tileOf(part) : { element: html("span", {}, part) }));
    const element = html("div", { class: "bp-equation", role: "img" }, ...drawn.map((part) => part.element));
    const arrays = drawn.filter(({ update }) => update);
    const { name } = parts[0];
    const open = checks.filter((check) => !named(check));
    styled(element, { tall: Math.max(...arrays.map(({ tall }) => tall)) });
    return {
      element,
      across: arrays.reduce((sum, { wide }) => sum + wide, 0),
      longest: longest([fitsOf(checks), open.map((check) => onlyOf([check], most)).join(" "), ...open.map((check) => faultOf(check, name, most))]),
      update() {
        const marks = parts.map(() => [null, null]);
        let fault = null; // the first; what comes behind it hangs on it
        const chance = [];
        for (const check of checks) {
          const equal = `${now(check.left)}` === `${now(check.right)}`;
          if (!equal && fault) continue;
          if (!equal) fault = check;
          else if (!named(check)) chance.push(check);
          for (const [k, side] of check.marks) marks[k][side] = named(check) ? "fits" : equal ? "only" : "differs";
        }
        if (fault?.kind === "result") marks[0].fill("differs");
        setAttr(element, "aria-label", written(parts.map((part, k) => drawn[k].update?.(marks[k]) ?? part)));
        if (fault) return { state: "differs", said: faultOf(fault, name, now) };
        return chance.length ? { state: "only", said: onlyOf(chance, now) } : { state: "fits", said: fitsOf(checks) };
      },
    };
  };

  const tell = ({ element, line }, state, said) => {
    setAttr(element, "data-state", state);
    setText(line, said);
  };

  const rowOf = (told) => {
    const equation = equationOf(told);
    const line = caption("bp-verdict");
    line.keep(equation.longest);
    return {
      element: html("div", {}, equation.element, line.element), across: equation.across,
      update() {
        const { state, said } = equation.update();
        tell(line, state, said);
      },
    };
  };

  // Elements that lie on each other, with tiles as large as fits the widest of these equations.
  const layersOf = (equations, layers) => {
    const element = html("div", { class: "bp-layers" }, ...layers);
    styled(element, { across: Math.max(...equations.map(({ across }) => across)) });
    return element;
  };
  const show = (layers, k) => layers.forEach((layer, i) => layer.classList.toggle("bp-shown", i === k));

  const puzzleOf = ({ name, n, candidates, equations, right, reason }) => {
    const rows = equations.map(equationOf);
    const shown = rows.map((row) => row.element);
    const group = uniqueId("choice");
    const radios = candidates.map((_, k) => html("input", { type: "radio", name: group, onchange: () => store.set(n, k + 1) }));
    const several = (k) => fill(words.tiles.several, { k, n: candidates.length });
    const line = caption("bp-verdict", "p", "status");
    line.keep([longest(rows.map((row) => row.longest)), several(candidates.length), fill(words.tiles.wrong, { name, reason })].join(" "));
    const element = html("div", {},
      html("fieldset", {}, html("legend", {}, fill(words.tiles.which, { name })), ...candidates.map((text, k) => html("label", {}, radios[k], html("code", {}, text)))),
      layersOf(rows, shown), line.element);
    return {
      element,
      update() {
        const chosen = store.inputs[n];
        radios.forEach((radio, k) => (radio.checked = chosen === k + 1));
        show(shown, chosen);
        const [, ...found] = rows.map((row) => row.update());
        if (!chosen) return tell(line, null, words.tiles.choose);
        const { state, said } = found[chosen - 1];
        const fitting = found.filter((each) => each.state !== "differs").length;
        const told = [said];
        if (state !== "differs" && fitting > 1) told.push(several(fitting));
        if (state !== "differs" && right) told.push(chosen === right ? fill(words.tiles.right, { reason }) : fill(words.tiles.wrong, { name, reason }));
        tell(line, state, told.join(" "));
      },
    };
  };

  const rows = forms.map((groups) => groups.flatMap(({ heading, equations }) =>
    equations.map((told, k) => ({ heading: k ? "" : heading, ...rowOf(told) }))));
  const layers = rows.map((form) => html("div", { class: "bp-groups" }, ...form.map(({ heading, element }) =>
    html("div", {}, html("p", { class: "bp-heading" }, heading), element))));
  const choices = puzzles.map(puzzleOf);
  const all = rows.flat();
  const handles = nearAll(store, all.length ? SLIDERS : 0, puzzles.map(({ n }) => n));
  if (all.length) el.append(layersOf(all, layers));
  el.append(...choices.map(({ element }) => element), html("div", { class: "bp-handles" }, ...handles.elements));
  const update = () => {
    show(layers, form === null ? 0 : store.inputs[form]);
    [...all, ...choices].forEach((each) => each.update());
    handles.update();
  };
  update();
  return store.subscribe(update);
};
