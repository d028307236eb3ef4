// The view `graph`: every node with its value and its gradient. Step through both passes; read any edge.
import { html, setAttr, setText, svg } from "../dom.js";
import { fitted, fmt, shortened } from "../format.js";
import { place } from "../layout.js";
import { measureOf } from "../measure.js";
import { bubble } from "../parts/bubble.js";
import { player } from "../parts/player.js";
import { onRoom } from "../parts/room.js";
import { DIGITS, caption, say } from "../say.js";
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

  // The passes: values forward, then gradients from the output back.
  const steps = [
    ...nodes.filter((i) => !isInput(i)).map((node) => ({ phase: "forward", node })),
    ...nodes.filter((i) => i <= tape.output).reverse().map((node) => ({ phase: "backward", node })),
  ];
  const ahead = steps.filter(({ phase }) => phase === "forward").length;
  const turnOf = (node, phase) => steps.findIndex((step) => step.node === node && step.phase === phase);
  const valueTurn = new Map(nodes.map((i) => [i, turnOf(i, "forward")]));
  const gradTurn = new Map(nodes.map((i) => [i, turnOf(i, "backward")]));
  let picked = null; // the node or edge that is read
  let closed; // the step whose words the reader has closed
  const stepper = player({
    steps: () => steps, taken: store.passes === "ahead" ? 0 : null, interval: PLAY,
    onchange() {
      if (stepper.taken === steps.length) store.note("walked");
      read(null);
    },
  });
  // Reads a part, or nothing; `but` is a step that is then not read either.
  const read = (key, but) => {
    [picked, closed] = [key, but];
    store.changed();
  };
  const hasValue = (i) => stepper.taken === null || valueTurn.get(i) < stepper.taken;
  const hasGradient = (i) =>
    stepper.taken === null || (gradTurn.get(i) < 0 ? stepper.taken === steps.length : gradTurn.get(i) < stepper.taken);
  const close = () => read(null, stepper.current);
  const walk = walker((key) => {
    if (key !== null) store.note("read", ...(key.to === undefined ? [key] : [key.from, key.to]));
    read(key, closed);
  }, close);
  const buttons = stepper.group(
    words.steps.label,
    stepper.button(words.steps.forward, words.graph.forwardTitle, () => stepper.next("forward")),
    stepper.button(words.steps.backward, words.graph.backwardTitle, () => stepper.next("backward")),
    stepper.playButton(words.steps.play, words.graph.playTitle),
    stepper.button(words.steps.all, words.steps.allTitle, () => stepper.goTo(null)),
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

  // Its own place has room for the hint; whatever is read stands as a bubble at its part.
  keep(words.graph.point);
  const { at, rest } = bubble(said, el, canvas, close);

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
      number: svg("text", { class: `bp-number bp-${kind}`, x: width - 9, y: base, "data-symbol": kind === "grad" && labels.derivative(tape.output, i) }),
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
        current: stepper.current?.node === i,
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
      const now = stepper.current;
      return {
        label: hasGradient(from) ? fill(words.graph.edgeNumbers, { ...ends, ...numbers() }) : fill(words.graph.edge, ends),
        picked: picked === edge,
        flow: now?.phase === "forward" && now.node === to,
        flowback: now?.phase === "backward" && now.node === from,
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
      viewBox: `-2 -2 ${width} ${height}`, width, height, role: "group",
      onkeydown: walk.onkeydown, onpointerdown: walk.onpointerdown,
      "aria-label": fill(words.graph.label, { output: names[tape.output] }),
    }, ...wires, ...boxes));
    const ruler = svg("text", { class: "bp-number" }, "0000");
    canvas.firstChild.append(ruler);
    digit = ruler.getComputedTextLength() / 4;
    ruler.remove();
    if (hadFocus) walk.focus();
    update();
  };

  const partWords = () => {
    if (typeof picked === "number") {
      const known = [
        ...(hasValue(picked) ? sentences.forward(picked) : []),
        ...(hasGradient(picked) ? ["\n", ...sentences.backward(picked)] : []),
        ...(hasGradient(picked) && store.was ? ["\n", ...sentences.before(picked, store.was)] : []),
      ];
      return known.length ? known : [fill(words.steps.notYetOf, { name: names[picked] })];
    }
    if (hasGradient(picked.from)) return sentences.edge(picked);
    return [fill(words.steps.notYetOf, { name: `${names[picked.from]} → ${names[picked.to]}` })];
  };
  const stepWords = ({ phase, node }) =>
    phase === "forward"
      ? [fill(words.graph.forward, { k: stepper.taken, n: ahead }), ...sentences.forward(node)]
      : [fill(words.graph.backward, { k: stepper.taken - ahead, n: steps.length - ahead }), ...sentences.backward(node)];
  // The words of a step cover what comes after it and has no number yet: below the node on the way forward, above it
  // on the way back.
  const showWords = () => {
    const step = stepper.current === closed ? undefined : stepper.current;
    setAttr(reading, "aria-live", step && picked === null ? "polite" : "off");
    say(said, picked !== null ? partWords() : step ? stepWords(step) : [words.graph.point]);
    const part = walk.part(picked ?? step?.node);
    if (part) at([part], picked === null && step.phase === "backward");
    else rest();
  };
  const update = () => {
    walk.update();
    showWords();
  };

  const unroom = onRoom(canvas, draw);
  draw();
  return store.subscribe(update, stepper.pause, rest, unroom);
};
