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
const CLOSES = /^[.)]/; // what stands with the array before it
const [SMALL, LETTER, SIGN, APART] = [5.5, 9, 13, 6]; // px: a letter of a label, one between tiles, a sign; from part to part
const [SENTENCE, WORD] = [130, 46]; // px: what a verdict has beside its equation, or it stands below
const LARGEST = 10; // px: a 1 of a tile, and
const AIR = 180; // px: what the tiles of a column take from top to bottom
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
  const pairs = [...new Set(checks.map(({ left }) => `${left}`))].join(", "); // by the same name on both sides
  return pairs ? fill(words.tiles.fits, { pairs }) : words.tiles.plain;
};

export const mount = (el, store, { forms, written: form, puzzles, samples }) => {
  const now = (axes) => store.read(axes);
  const most = (axes) => axes.map((axis) => store.controls.find(({ name }) => name === axis)?.hi ?? now([axis])[0]);

  const tileOf = ({ name, axes }) => {
    const plate = html("i");
    const is = html("span");
    const gradient = /^d./.test(name) ? "bp-gradient" : "";
    const lines = axes.at(-1) === samples ? "bp-upright" : axes.includes(samples) ? "" : "bp-plain";
    const element = html("div", { class: `bp-tile ${gradient} ${lines}` }, html("b", {}, name), html("div", {}, plate), html("span", {}, shaped(axes)), is);
    const [tall, wide] = sides(most(axes));
    const label = longest([name, shaped(axes), shaped(most(axes))]);
    styled(element, { wide, letters: label.length });
    return {
      element, tall,
      room: wide * LARGEST < label.length * SMALL ? [label.length * SMALL, 0] : [0, wide], // in px and in its own size
      // marks: [height, width], the states of the sides that meet others. Returns what is read of it.
      update(marks) {
        const shape = now(axes);
        const before = store.was ? store.read(axes, store.was) : shape;
        const moved = shaped(before) !== shaped(shape);
        setText(is, shaped(shape));
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
    // What is never parted by the end of a line: an array with what leads to it and what closes it.
    const terms = [];
    let whole = true; // the last one has its array
    parts.forEach((part, k) => {
      if (whole && !CLOSES.test(part)) terms.push(html("div"));
      terms.at(-1).append(drawn[k].element);
      whole = !!part.name || CLOSES.test(part);
    });
    const element = html("div", { class: "bp-equation", role: "img" }, ...terms);
    const arrays = drawn.filter(({ update }) => update);
    const { name } = parts[0];
    const [fixed, across] = drawn.reduce(([a, b], { room }, k) => {
      const [px, wide] = room ?? [Math.max(SIGN, parts[k].length * LETTER), 0];
      return [a + px + APART, b + wide];
    }, [0, 0]);
    const open = checks.filter((check) => !named(check));
    styled(element, { tall: Math.max(...arrays.map(({ tall }) => tall)) });
    return {
      element,
      tall: Math.max(...arrays.map(({ tall }) => tall)),
      // What is left to a 1 of its tiles where all of it stands in one line.
      one: `(var(--bp-column) - var(--bp-told, 0px) - ${fixed}px) / ${across || 1}`,
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
    styled(line.element, { beside: `${equation.longest === words.tiles.plain ? WORD : SENTENCE}px` });
    return {
      ...equation, element: html("div", { class: "bp-row" }, equation.element, line.element),
      update() {
        const { state, said } = equation.update();
        tell(line, state, said);
      },
    };
  };

  // Elements that lie on each other, with tiles as large as fits all of these equations.
  const layersOf = (equations, layers) => {
    const element = html("div", { class: "bp-layers" }, ...layers);
    const fits = equations.map(({ one }) => one).join();
    styled(element, { one: `clamp(4px,min(${fits}),${largest}px)` });
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
    const wrong = (product) => fill(words.tiles.wrong, { name, product });
    line.keep([longest(rows.map((row) => row.longest)), several(candidates.length), right ? longest([fill(words.tiles.right, { reason }), wrong(longest(candidates))]) : ""].join(" "));
    const element = html("div", { class: "bp-puzzle" },
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
        if (state !== "differs" && right) told.push(chosen === right ? fill(words.tiles.right, { reason }) : wrong(candidates[chosen - 1]));
        tell(line, state, told.join(" "));
      },
    };
  };

  const rows = forms.map((groups) => groups.map(({ heading, equations }) => ({ heading, told: equations.map(rowOf) })));
  const layers = rows.map((form) => html("div", { class: form.length === 2 ? "bp-groups bp-pair" : "bp-groups" }, ...form.map(({ heading, told }) =>
    html("div", {}, html("p", { class: "bp-heading" }, heading), ...told.map(({ element }) => element)))));
  const all = rows.flat().flatMap(({ told }) => told);
  const high = Math.max(...rows.flat().map(({ told }) => told.length)); // from top to bottom
  const largest = Math.min(LARGEST, AIR / (high * Math.max(...all.map(({ tall }) => tall))) || LARGEST);
  const choices = puzzles.map(puzzleOf);
  const handles = nearAll(store, all.length ? SLIDERS : 0, puzzles.map(({ n }) => n));
  el.append(...choices.map(({ element }) => element));
  if (all.length) el.append(layersOf(all, layers));
  el.append(html("p", { class: "bp-note" }, words.tiles.note), html("div", { class: "bp-handles" }, ...handles.elements));
  const update = () => {
    show(layers, form === null ? 0 : store.inputs[form]);
    [...all, ...choices].forEach((each) => each.update());
    handles.update();
  };
  update();
  return store.subscribe(update);
};
