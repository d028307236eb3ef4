// The view `graph`: every node with its value and its gradient. Step through both passes; read any edge.
import { html, setAttr, setText, svg, uniqueId } from "./dom.js";
import { fmt } from "./format.js";
import { writeNumbers } from "./labels.js";
import { layout, movingParts } from "./layout.js";

const PLAY = 1100; // ms a step
const WIDEST = 112;
const NARROWEST = 84;
const HEIGHT = 64;

const GRADIENT = "grad";
const VALUE = "value";

// A sentence with coloured parts: strings, or [class, text].
const sentence = (element, parts) => {
  element.replaceChildren(...parts.map((part) => (typeof part === "string" ? part : html("span", { class: `bp-${part[0]}` }, part[1]))));
};
const bracketed = (x) => (x < 0 ? `(${fmt(x)})` : fmt(x));

export const mount = (el, store) => {
  const { tape, labels } = store;
  const parts = movingParts(tape);
  const name = (i) => labels.names[i];
  const incoming = (i) => parts.edges.filter((edge) => edge.to === i);
  const outgoing = (i) => parts.edges.filter((edge) => edge.from === i);
  const d = (i) => labels.derivative(tape.output, i);
  const local = (edge) => tape.locals(edge.to, store.run)[edge.arg];
  const share = (edge) => store.grads[edge.to] * local(edge);

  // What is computed in which order: values forward, then gradients backward from the output.
  const ahead = parts.nodes.filter((i) => tape.nodes[i][0] !== "input");
  const back = parts.nodes.filter((i) => i <= tape.output).reverse();
  let done = null; // null: everything is shown; otherwise the number of steps taken
  let current = null; // the node that the last step computed
  let picked = null; // an edge or node whose reading is shown
  let timer = 0;

  const hasValue = (i) => done === null || tape.nodes[i][0] === "input" || ahead.indexOf(i) < done;
  const hasGradient = (i) => done === null || (back.includes(i) ? back.indexOf(i) < done - ahead.length : done >= ahead.length + back.length);

  // Words for a node or an edge, at the present numbers.
  const forwardWords = (i) => {
    const [op, ...args] = tape.nodes[i];
    if (op === "input") return [`${name(i)} = `, [VALUE, fmt(store.values[i])], ", given"];
    const formula = name(i) === labels.formulas[i] ? [] : [`${labels.formulas[i]} = `];
    return [`${name(i)} = `, ...formula, `${writeNumbers(op, args.map((j) => store.values[j]))} = `, [VALUE, fmt(store.values[i])]];
  };
  const backwardWords = (i) => {
    if (i === tape.output) return [`${d(i)} = `, [GRADIENT, "1"]];
    const edges = outgoing(i).filter((edge) => edge.to <= tape.output);
    if (!edges.length) return [`${d(i)} = `, [GRADIENT, "0"], `: ${name(tape.output)} does not depend on it`];
    const symbols = edges.map((edge) => `${d(edge.to)} × ${labels.derivative(edge.to, i)}`).join(" + ");
    const numbers = edges.map((edge) => `${fmt(store.grads[edge.to])} × ${bracketed(local(edge))}`).join(" + ");
    const kind = edges.length > 1 ? `, a sum over its ${edges.length} uses` : "";
    return [`${d(i)} = ${symbols} = ${numbers} = `, [GRADIENT, fmt(store.grads[i])], kind];
  };
  const edgeWords = (edge) => {
    const { from, to } = edge;
    const uses = outgoing(from).filter((other) => other.to <= tape.output);
    const product = [`${d(to)} × ${labels.derivative(to, from)} = ${fmt(store.grads[to])} × ${bracketed(local(edge))} = `, [GRADIENT, fmt(share(edge))]];
    if (uses.length < 2) return [`${name(from)} → ${name(to)}: ${d(from)} = `, ...product];
    const sum = uses.map((use, k) => (k ? bracketed(share(use)) : fmt(share(use)))).join(" + ");
    return [
      `${name(from)} → ${name(to)}: `, ...product,
      `, one of ${uses.length} shares. Their sum is ${d(from)} = ${sum} = `, [GRADIENT, fmt(store.grads[from])],
    ];
  };

  // The frame around the picture.
  const canvas = html("div", { class: "bp-canvas" });
  const reading = html("p", { class: "bp-reading", "aria-live": "off" });
  const button = (text, title, onclick) => html("button", { type: "button", title, onclick }, text);
  const playButton = button("Play", "Run both passes, one node at a time", () => (timer ? pause() : play()));
  const buttons = html(
    "div", { class: "bp-buttons", role: "group", "aria-label": "Steps" },
    button("Forward ▸", "Compute the value of the next node", () => (pause(), stepForward())),
    button("◂ Backward", "Compute the gradient of the next node, from the output back", () => (pause(), stepBackward())),
    playButton,
    button("Show all", "Show every value and gradient", () => (pause(), showAll())),
  );
  const legend = html(
    "p", { class: "bp-legend" },
    html("span", { class: "bp-value" }, "= value"), " ",
    html("span", { class: "bp-grad" }, `∂ gradient, d${name(tape.output)}/d(node)`),
  );
  el.append(html("div", { class: "bp-bar" }, legend, buttons), canvas, reading);

  // Steps.
  const goTo = (count) => {
    done = count;
    picked = null;
    current = count < 1 ? null : count <= ahead.length ? ahead[count - 1] : back[count - ahead.length - 1];
    store.changed();
  };
  const stepForward = () => goTo(done !== null && done < ahead.length ? done + 1 : 1);
  const stepBackward = () => goTo(done === null || done < ahead.length || done >= ahead.length + back.length ? ahead.length + 1 : done + 1);
  const showAll = () => {
    goTo(0);
    done = null;
  };
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    setText(playButton, "Play");
  };
  const play = () => {
    if (done === null || done >= ahead.length + back.length) goTo(0);
    setText(playButton, "Pause");
    timer = setInterval(() => {
      goTo(done + 1);
      if (done >= ahead.length + back.length) pause();
    }, PLAY);
    goTo(done + 1);
  };

  // The picture. Nodes and edges are options of one list box: one stop of the Tab key, arrows move inside.
  let shapes = []; // {key, element, update} in reading order
  let focused = 0;
  const pick = (key) => {
    if (picked === key) return;
    picked = key;
    store.changed();
  };
  const focusOn = (k) => {
    setAttr(shapes[focused].element, "tabindex", -1);
    focused = k;
    setAttr(shapes[k].element, "tabindex", 0);
  };
  const onKey = (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? shapes.length - 1 : by && focused + by;
    if (event.key === "Escape") pick(null);
    if (to === undefined) return;
    event.preventDefault();
    if (shapes[to]) shapes[to].element.focus();
  };
  const option = (key, className, children) => {
    const k = shapes.length;
    return svg("g", {
      class: className, role: "option", tabindex: k === focused ? 0 : -1, "aria-selected": "false",
      onfocus: () => (focusOn(k), pick(key)), onblur: () => pick(null),
      onpointerenter: (event) => event.pointerType === "mouse" && pick(key),
      onpointerleave: (event) => event.pointerType === "mouse" && pick(null),
      onclick: (event) => event.currentTarget.focus(),
    }, ...children);
  };

  const drawNode = (i, x, y, width) => {
    const fits = (text, room) => (text.length <= room ? text : `${text.slice(0, room - 1)}…`);
    const digits = width >= WIDEST ? 6 : 4;
    const input = tape.nodes[i][0] === "input";
    const named = input || tape.names[i];
    const room = Math.floor((width - 16) / 7.2);
    const title = svg("text", { class: "bp-title", x: 9, y: 17 }, fits(name(i), named && !input ? room - labels.tags[i].length : room));
    const tag = svg("text", { class: "bp-tag", x: width - 9, y: 17 }, input || !named ? "" : fits(labels.tags[i], 9));
    const value = svg("text", { class: "bp-number bp-value", x: width - 9, y: 36 });
    const grad = svg("text", { class: "bp-number bp-grad", x: width - 9, y: 54 });
    const element = option(i, `bp-node${input ? " bp-input" : ""}`, [
      svg("rect", { width, height: HEIGHT, rx: input ? 14 : 6 }),
      title, tag,
      svg("text", { class: "bp-value", x: 9, y: 36 }, "="), value,
      svg("text", { class: "bp-grad", x: 9, y: 54 }, "∂"), grad,
    ]);
    setAttr(element, "transform", `translate(${x} ${y})`);
    const update = () => {
      setText(value, hasValue(i) ? fmt(store.values[i], digits) : "");
      setText(grad, hasGradient(i) ? fmt(store.grads[i], digits) : "");
      const known = [hasValue(i) && `value ${fmt(store.values[i])}`, hasGradient(i) && `gradient ${fmt(store.grads[i])}`].filter(Boolean);
      setAttr(element, "aria-label", `node ${name(i)}: ${known.join(", ") || "not computed yet"}`);
      element.classList.toggle("bp-current", current === i);
      const touches = typeof picked === "object" && picked && (picked.from === i || picked.to === i);
      element.classList.toggle("bp-picked", picked === i || touches);
      setAttr(element, "aria-selected", picked === i);
    };
    shapes.push({ key: i, element, update });
    return element;
  };

  const drawEdge = (edge, path, [x, y], across) => {
    const head = across ? `M${x} ${y}l-4 -7h8z` : `M${x} ${y}l-7 -4v8z`;
    const element = option(edge, "bp-edge", [
      svg("path", { class: "bp-reach", d: path }),
      svg("path", { class: "bp-wire", d: path }),
      svg("path", { class: "bp-head", d: head }),
    ]);
    const update = () => {
      const known = hasGradient(edge.from) && hasValue(edge.to);
      const words = known ? `: local derivative ${fmt(local(edge))}, product ${fmt(share(edge))}` : "";
      setAttr(element, "aria-label", `edge ${name(edge.from)} to ${name(edge.to)}${words}`);
      const backwards = done > ahead.length;
      element.classList.toggle("bp-flow", current !== null && !backwards && edge.to === current);
      element.classList.toggle("bp-flowback", current !== null && backwards && edge.from === current);
      element.classList.toggle("bp-picked", picked === edge);
      setAttr(element, "aria-selected", picked === edge);
    };
    shapes.push({ key: edge, element, update });
    return element;
  };

  const plan = layout(tape, parts);
  let drawn = "";
  const draw = () => {
    const room = Math.floor(canvas.clientWidth);
    if (!room || drawn === room) return;
    drawn = room;
    const across = plan.ranks * NARROWEST + (plan.ranks - 1) * 18 > room; // flow from top to bottom
    const count = across ? plan.size : plan.ranks;
    const gap = across ? 30 : Math.min(64, Math.max(18, (room - plan.ranks * WIDEST) / Math.max(1, plan.ranks - 1)));
    const width = across
      ? Math.min(WIDEST, Math.max(NARROWEST, Math.floor(room / count) - 10))
      : Math.min(WIDEST, Math.floor((room - 2 - gap * (count - 1)) / count));
    // Distance between neighbours, along the flow and across it.
    const along = across ? HEIGHT + gap : width + gap;
    const beside = across ? width + 10 : HEIGHT + 14;
    const length = (plan.ranks - 1) * along + (across ? HEIGHT : width);
    const breadth = (plan.size - 1) * beside + (across ? width : HEIGHT);
    const [w, h] = across ? [breadth, length] : [length, breadth];
    const corner = ({ rank, at }) => (across ? [at * beside, rank * along] : [rank * along, at * beside]);
    const reach = across ? HEIGHT : width;

    const hadFocus = canvas.contains(document.activeElement);
    shapes = [];
    const edges = svg("g", { role: "none" });
    const boxes = svg("g", { role: "none" });
    const enter = (edge, k) => {
      // Edges that end in one node arrive side by side, in the order they come from.
      const order = incoming(edge.to)
        .map((other) => [plan.routes[parts.edges.indexOf(other)].at(-2).at, parts.edges.indexOf(other)])
        .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      const spread = across ? width : HEIGHT;
      return spread / 2 + (order.findIndex(([, at]) => at === k) - (order.length - 1) / 2) * Math.min(14, spread / order.length);
    };
    // In reading order: each node after the edges that lead to it.
    for (const i of parts.nodes) {
      parts.edges.forEach((edge, k) => {
        if (edge.to !== i) return;
        const stops = plan.routes[k];
        const points = stops.map((stop, s) => {
          const [x, y] = corner(stop);
          const middle = (across ? width : HEIGHT) / 2;
          const side = s === stops.length - 1 ? enter(edge, k) : middle;
          const depth = s === 0 ? reach : s < stops.length - 1 ? reach / 2 : -1;
          return across ? [x + side, y + depth] : [x + depth, y + side];
        });
        let path = `M${points[0]}`;
        for (let s = 1; s < points.length; s++) {
          const [[x0, y0], [x1, y1]] = [points[s - 1], points[s]];
          const bend = across ? (y1 - y0) / 2 : (x1 - x0) / 2;
          path += across ? `C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}` : `C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
        }
        edges.append(drawEdge(edge, path, points.at(-1), across));
      });
      boxes.append(drawNode(i, ...corner(plan.items.get(i)), width));
    }
    const picture = svg("svg", {
      viewBox: `-2 -2 ${w + 4} ${h + 4}`, width: w + 4, height: h + 4, role: "listbox", "aria-orientation": "horizontal",
      "aria-label": `Graph of ${name(tape.output)}; arrow keys move from node to edge`, onkeydown: onKey,
    }, edges, boxes);
    canvas.replaceChildren(picture);
    if (hadFocus) shapes[focused].element.focus();
    update();
  };

  const update = () => {
    for (const shape of shapes) shape.update();
    const stepping = picked === null && current !== null && done !== null;
    setAttr(reading, "aria-live", stepping ? "polite" : "off");
    if (stepping && done <= ahead.length) sentence(reading, [`forward ${done} of ${ahead.length}: `, ...forwardWords(current)]);
    else if (stepping) sentence(reading, [`backward ${done - ahead.length} of ${back.length}: `, ...backwardWords(current)]);
    else if (picked === null) sentence(reading, ["Point at an edge or a node to read its numbers."]);
    else if (typeof picked === "object") {
      const known = hasGradient(picked.from);
      sentence(reading, known ? edgeWords(picked) : [`${name(picked.from)} → ${name(picked.to)}: not computed yet in this pass`]);
    } else {
      const words = [hasValue(picked) && forwardWords(picked), hasGradient(picked) && backwardWords(picked)].filter(Boolean);
      sentence(reading, words.length ? words.flatMap((each, k) => (k ? ["; ", ...each] : each)) : [`${name(picked)}: not computed yet in this pass`]);
    }
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
