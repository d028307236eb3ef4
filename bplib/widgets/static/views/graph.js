// The view `graph`: every node with its value and its gradient. Step through both passes; read any edge.
import { html, setAttr, setText, svg } from "../dom.js";
import { fitted, fmt, shortened } from "../format.js";
import { place } from "../layout.js";
import { measureOf } from "../measure.js";
import { DIGITS, WIDE, caption, say } from "../say.js";
import { sentencesFor } from "../sentences.js";
import { walker } from "../walk.js";
import { fill, words } from "../words.js";

const PLAY = 1100; // ms a step
const HEIGHT = 64; // of a node
const NOTCH = 1.5; // px between the decades of a bar

export const mount = (el, store, view) => {
  const { tape, labels } = store;
  const { names } = labels;
  const placed = view.nodes.map(([i, rank, at]) => ({ i, rank, at }));
  const edges = view.edges.map(([from, to, arg, port, via]) => ({ from, to, arg, port, via }));
  const nodes = placed.map(({ i }) => i);
  const tags = new Map(view.nodes.map(([i, , , tag]) => [i, tag]));
  const sentences = sentencesFor(store, { edges });
  const measure = measureOf(store, nodes);
  const isInput = (i) => tape.nodes[i][0] === "input";

  // The passes: values forward, then gradients from the output back. `taken` counts the steps, null shows all.
  const steps = [
    ...nodes.filter((i) => !isInput(i)).map((node) => ({ node })),
    ...nodes.filter((i) => i <= tape.output).reverse().map((node) => ({ node, back: true })),
  ];
  const ahead = steps.filter((step) => !step.back).length;
  const turnOf = (node, back) => steps.findIndex((step) => step.node === node && !!step.back === back);
  const valueTurn = new Map(nodes.map((i) => [i, turnOf(i, false)]));
  const gradTurn = new Map(nodes.map((i) => [i, turnOf(i, true)]));
  let taken = store.passes === "ahead" ? 0 : null;
  let timer = 0;
  const current = () => (taken ? steps[taken - 1] : undefined);
  const hasValue = (i) => taken === null || valueTurn.get(i) < taken;
  const hasGradient = (i) => taken === null || (gradTurn.get(i) < 0 ? taken === steps.length : gradTurn.get(i) < taken);
  const goTo = (count) => {
    taken = count;
    picked = null;
    if (taken === steps.length) store.note("walked");
    store.changed();
  };
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    setText(playButton, words.steps.play);
  };
  const advance = () => {
    goTo(taken + 1);
    if (taken >= steps.length) pause();
  };
  const play = () => {
    if (timer) return pause();
    if (taken >= steps.length) taken = null;
    setText(playButton, words.steps.pause);
    timer = setInterval(advance, PLAY);
    advance();
  };
  const button = (text, title, onclick) => html("button", { type: "button", title, onclick }, text);
  const stepButton = (text, title, next) => button(text, title, () => (pause(), goTo(next())));
  const playButton = button(words.steps.play, words.graph.playTitle, play);
  const buttons = html(
    "div", { class: "bp-buttons", role: "group", "aria-label": words.steps.label },
    stepButton(words.steps.forward, words.graph.forwardTitle, () => (taken < ahead ? taken + 1 : 1)),
    stepButton(words.steps.backward, words.graph.backwardTitle, () =>
      taken >= ahead && taken < steps.length ? taken + 1 : ahead + 1),
    playButton,
    stepButton(words.steps.all, words.steps.allTitle, () => null),
  );
  const legend = html(
    "p", { class: "bp-legend" },
    html("span", { class: "bp-value" }, words.graph.valueKey), " ",
    html("span", { class: "bp-grad" }, fill(words.graph.gradientKey, { output: names[tape.output] })), " ",
    html("span", { class: "bp-note" }, fill(words.graph.barKey, { lo: fmt(measure.lo), hi: fmt(measure.hi) })),
  );
  const canvas = html("div", { class: "bp-canvas" });
  const { element: reading, line: said, keep } = caption("bp-reading");
  el.append(html("div", { class: "bp-bar" }, legend, buttons), canvas, reading);

  // Room for the longest that is read anywhere, with numbers as wide as they come.
  const wide = tape.nodes.map(() => WIDE);
  const longest = sentencesFor(
    { labels, values: wide, grads: wide, tape: { nodes: tape.nodes, output: tape.output, locals: () => wide } }, { edges },
  );
  const plain = (sentence) => sentence.map((part) => (typeof part === "string" ? part : part[1])).join("");
  const before = longest.before(nodes[0], { values: wide, grads: wide });
  const readings = [
    ...nodes.map((i) => plain([...longest.forward(i), "\n", ...longest.backward(i), "\n", ...before])),
    ...edges.map((edge) => plain(longest.edge(edge))),
  ];
  keep(readings.reduce((a, b) => (b.length > a.length ? b : a)));

  let picked = null; // the node or edge that is read
  const walk = walker((key) => {
    picked = key;
    if (key !== null) store.note("read", ...(key.to === undefined ? [key] : [key.from, key.to]));
    store.changed();
  });

  let digit; // the width of one
  const drawNode = (i, [x, y], { width }) => {
    const room = (letter) => Math.floor((width - 16) / letter);
    // Where the formula is the name, it says the operation already.
    const operation = names[i] === labels.formulas[i] ? "" : tags.get(i);
    const tag = names[i].length + operation.length < room(7.2) ? operation : "";
    const full = width - 10; // the length of a bar at the upper end of the scale
    const dashes = `${full / measure.decades - NOTCH} ${NOTCH}`;
    const line = (kind, sign, base) => ({
      kind,
      bar: svg("path", { class: `bp-size bp-size-${kind}`, "stroke-dasharray": dashes }),
      length: (part) => `M5 ${base - 4}h${(full * part).toFixed(1)}`,
      was: svg("path", { class: `bp-was bp-was-${kind}` }),
      end: (part) => `M${(5 + full * part).toFixed(1)} ${base + 1}v4`,
      sign: svg("text", { class: `bp-${kind}`, x: 9, y: base }, sign),
      number: svg("text", { class: `bp-number bp-${kind}`, x: width - 9, y: base }),
    });
    const lines = [line("value", "=", 36), line("grad", "d", 54)];
    const element = walk.add(i, `bp-node${isInput(i) ? " bp-input" : ""}`, [
      svg("rect", { class: "bp-box", width, height: HEIGHT, rx: isInput(i) ? 14 : 6 }),
      svg("text", { class: "bp-title", x: 9, y: 17 }, shortened(names[i], room(8.6))),
      svg("text", { class: "bp-tag", x: width - 9, y: 17 }, tag),
      ...lines.flatMap(({ bar, was, sign, number }) => [bar, was, sign, number]),
    ], () => {
      const known = [];
      for (const { kind, bar, length, was, end, number } of lines) {
        const [shown, x] = kind === "value" ? [hasValue(i), store.values[i]] : [hasGradient(i), store.grads[i]];
        setText(number, shown ? fitted(x, (text) => text.length * digit <= width - 32, DIGITS) : "");
        setAttr(bar, "d", length(shown ? measure.part(x) : 0));
        const before = store.was?.[kind === "value" ? "values" : "grads"][i] ?? x;
        setAttr(was, "d", shown && before !== x ? end(measure.part(before)) : "");
        if (shown) known.push(fill(kind === "grad" ? words.graph.gradient : words.graph.value, { x: fmt(x) }));
      }
      return {
        label: fill(words.graph.node, { name: names[i], numbers: known.join(", ") || words.steps.notYet }),
        current: current()?.node === i,
        picked: picked === i || picked?.from === i || picked?.to === i,
      };
    });
    setAttr(element, "transform", `translate(${x} ${y})`);
    return element;
  };
  const drawEdge = (edge, { d, end }, down) =>
    walk.add(edge, "bp-edge", [
      svg("path", { class: "bp-reach", d }),
      svg("path", { class: "bp-wire", d }),
      svg("path", { class: "bp-head", d: `M${end}${down ? "l-4 -7h8z" : "l-7 -4v8z"}` }),
    ], () => {
      const { from, to } = edge;
      const ends = { from: names[from], to: names[to] };
      const numbers = () => ({ local: fmt(sentences.local(edge)), product: fmt(sentences.share(edge)) });
      const now = current();
      return {
        label: hasGradient(from) ? fill(words.graph.edgeNumbers, { ...ends, ...numbers() }) : fill(words.graph.edge, ends),
        picked: picked === edge,
        flow: now && !now.back && now.node === to,
        flowback: now?.back && now.node === from,
      };
    });

  let drawn = 0;
  const draw = () => {
    const room = canvas.clientWidth - 4;
    if (room <= 0 || drawn === room) return;
    drawn = room;
    const plan = place({ nodes: placed, edges }, room, HEIGHT);
    const [width, height] = plan.size.map((length) => length + 4);
    const hadFocus = canvas.contains(document.activeElement);
    walk.clear();
    // In reading order: each node after the edges that lead to it. Boxes stand above wires.
    const wires = [];
    const boxes = nodes.map((i) => {
      edges.forEach((edge, k) => edge.to === i && wires.push(drawEdge(edge, plan.paths[k], plan.down)));
      return drawNode(i, plan.corners.get(i), plan);
    });
    canvas.replaceChildren(svg("svg", {
      viewBox: `-2 -2 ${width} ${height}`, width, height, role: "group", onkeydown: walk.onkeydown,
      "aria-label": fill(words.graph.label, { output: names[tape.output] }),
    }, ...wires, ...boxes));
    const ruler = svg("text", { class: "bp-number" }, "0000");
    canvas.firstChild.append(ruler);
    digit = ruler.getComputedTextLength() / 4;
    ruler.remove();
    if (hadFocus) walk.focus();
    update();
  };

  const spoken = () => {
    const now = current();
    if (typeof picked === "number") {
      const known = [
        ...(hasValue(picked) ? sentences.forward(picked) : []),
        ...(hasGradient(picked) ? ["\n", ...sentences.backward(picked)] : []),
        ...(hasGradient(picked) && store.was ? ["\n", ...sentences.before(picked, store.was)] : []),
      ];
      return known.length ? known : [fill(words.steps.notYetOf, { name: names[picked] })];
    }
    if (picked) return hasGradient(picked.from) ? sentences.edge(picked) : [fill(words.steps.notYetOf, { name: `${names[picked.from]} → ${names[picked.to]}` })];
    if (!now) return [words.graph.point];
    return now.back
      ? [fill(words.graph.backward, { k: taken - ahead, n: steps.length - ahead }), ...sentences.backward(now.node)]
      : [fill(words.graph.forward, { k: taken, n: ahead }), ...sentences.forward(now.node)];
  };
  const update = () => {
    walk.update();
    setAttr(reading, "aria-live", current() && picked === null ? "polite" : "off");
    say(said, spoken());
  };

  const resized = new ResizeObserver(draw);
  resized.observe(canvas);
  draw();
  const unsubscribe = store.subscribe(update);
  return () => {
    pause();
    unsubscribe();
    resized.disconnect();
  };
};
