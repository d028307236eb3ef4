// The picture of a network: circles for inputs and units, a box for the loss, edges as wide as what they show.
import { setAttr, setText, svg } from "../dom.js";
import { fitted, fmt, shortened } from "../format.js";
import { fill, words } from "../words.js";
import { LINE, LOSS, R, SMALL, between, layoutOf } from "./layout.js";

const LETTER = 7.5; // px: the widest that a letter or a digit is

// With as many digits as `room` characters hold.
const brief = (x, room = 7) => fitted(x, (text) => text.length <= room);
const text = (x, y, kind, words = "") => svg("text", { class: kind, x, y }, words);

// onchoose(p): what Enter or a click on an edge does, or nothing.
export const pictureOf = (store, anatomy, walk, onchoose) => {
  const { names } = store.labels;
  const { layers, units, into, outputs, depth, top } = anatomy;
  let plan; // the layout that is drawn

  // What a part says and looks like now. `now` is what is known, shown, picked, chosen and how large the largest is.
  const dress = (line, p, now) => {
    const x = now.numberOf(p);
    const part = x === null ? 0 : Math.abs(x) / (now.largest || 1);
    setAttr(line, "class", `bp-link bp-link-${x === null ? "none" : now.shown}`);
    setAttr(line, "stroke-width", (1 + 6 * part).toFixed(2));
    setAttr(line, "stroke-dasharray", x < 0 ? "5 3" : "none");
  };
  const edgeLabel = ({ node, from, unit }, numbers) => {
    const parts = { name: names[node], unit: names[unit.a], numbers };
    return from === undefined ? fill(words.network.bias, parts) : fill(words.network.edge, { ...parts, from: names[from] });
  };
  const edgeState = (p, now) => {
    const [x, gradient] = [fmt(store.values[p.node]), now.gradientOf(p)];
    const sentence = now.whole ? words.network.gradientsSoFar : words.network.gradient;
    const numbers = gradient === null ? x : fill(sentence, { x, n: now.count, gradient: fmt(gradient) });
    const { step } = now;
    return {
      label: edgeLabel(p, numbers),
      picked: now.picked === p,
      chosen: now.chosen === p,
      flow: step?.phase === "forward" && step.layer === p.unit.layer,
      flowback: step?.phase === "backward" && step.layer === p.unit.layer,
    };
  };
  const unitState = (unit, now) => {
    const { z, a, layer } = unit;
    const told = [
      ...(now.value(layer) ? [`z ${fmt(store.values[z])}`, `a ${fmt(store.values[a])}`] : []),
      ...(now.gradient(layer) ? [fill(words.network.delta, { x: fmt(store.grads[z]) })] : []),
    ];
    return {
      label: fill(words.network.unit, { name: names[a], numbers: told.join(", ") || words.steps.notYet }),
      picked: [now.picked, now.picked?.unit].includes(unit) || now.picked?.from === a,
      current: now.step?.layer === layer,
    };
  };
  const lossState = (now) => ({
    label: now.value(depth + 1) ? fill(words.network.loss, { name: names[top], x: fmt(store.values[top]) })
      : fill(words.steps.notYetOf, { name: names[top] }),
    picked: now.picked === "loss",
    current: now.step?.layer === depth + 1,
  });

  // Above a circle; beside the middle where edges come from above.
  const title = (x, y, r, name) => {
    const letters = Math.floor((plan.down ? plan.breadth - plan.pill : 2 * r + plan.gap) / LETTER);
    return text(plan.down ? x - r : x, y - r - 6, plan.down ? "bp-title" : "bp-mid bp-title", shortened(name, letters));
  };
  const drawEdge = (p) => {
    const r = layers[0].includes(p.from) ? SMALL : R;
    const d = between(plan.at.get(p.from), plan.at.get(p.unit.a), r, R);
    const link = svg("path", { d });
    const parts = [svg("path", { class: "bp-reach", d }), svg("path", { class: "bp-glow", d }), link];
    const edge = walk.add(p, "bp-edge", parts, (now) => {
      dress(link, p, now);
      return edgeState(p, now);
    }, onchoose(p));
    edge.dataset.symbol = names[p.node]; // it has no label
    return edge;
  };
  // A pill below its unit, its name and number on one line; beside it, and on two, in a layer that lies.
  const drawBias = (p) => {
    const { down, pill } = plan;
    const [cx, cy] = plan.at.get(p.unit.a);
    const [x, y] = down ? [cx + R + 4, cy - LINE] : [cx - pill / 2, cy + R + 7];
    const link = svg("path", { d: down ? `M${x} ${cy}H${cx + R}` : `M${cx} ${y}V${cy + R}` });
    const box = svg("rect", { class: "bp-box", x, y, width: pill, height: down ? 2 * LINE : LINE, rx: 6 });
    const short = shortened(names[p.node], 6);
    const letters = down ? 6 : Math.floor((pill - 18) / LETTER) - short.length; // for the number
    const middle = x + pill / 2;
    const name = down ? text(middle, y + 15, "bp-mid", short) : text(x + 7, y + 15, "", short);
    const number = down ? text(middle, y + 33, "bp-mid") : text(x + pill - 7, y + 15, "bp-number");
    const button = walk.add(p, "bp-edge bp-pill", [link, box], (now) => {
      dress(link, p, now);
      const x = now.numberOf(p);
      setText(number, x === null ? "" : brief(x, letters));
      setAttr(number, "class", `${down ? "bp-mid" : "bp-number"} bp-${now.shown === "weights" ? "value" : "grad"}`);
      return edgeState(p, now);
    }, onchoose(p));
    return [button, svg("g", { class: "bp-written", "aria-hidden": "true" }, name, number)];
  };
  const drawUnit = (unit) => {
    const { z, a, layer } = unit;
    const [x, y] = plan.at.get(a);
    const [sum, active, delta] = [["value", -16], ["value", 4], ["grad", 24]].map(([kind, dy]) =>
      text(x, y + dy, `bp-mid bp-${kind}`));
    sum.dataset.symbol = names[z];
    delta.dataset.symbol = store.labels.derivative(top, z);
    const circle = svg("circle", { class: "bp-box", cx: x, cy: y, r: R });
    return walk.add(unit, "bp-node bp-unit", [circle, title(x, y, R, names[a]), sum, active, delta], (now) => {
      setText(sum, now.value(layer) ? `z ${brief(store.values[z])}` : "");
      setText(active, now.value(layer) ? `a ${brief(store.values[a])}` : "");
      setText(delta, now.gradient(layer) ? `δ ${brief(store.grads[z])}` : "");
      return unitState(unit, now);
    });
  };
  const drawInput = (i) => {
    const [x, y] = plan.at.get(i);
    const number = text(x, y + 5, "bp-mid bp-value");
    const circle = svg("circle", { class: "bp-box", cx: x, cy: y, r: SMALL });
    return walk.add(i, "bp-node bp-input", [circle, title(x, y, SMALL, names[i]), number], (now) => {
      setText(number, fmt(store.values[i], 3));
      const label = fill(words.network.input, { name: names[i], x: fmt(store.values[i]) });
      return { label, picked: [now.picked, now.picked?.from].includes(i) };
    });
  };
  const drawLoss = () => {
    const [x, y] = plan.loss;
    const [w, h] = LOSS;
    const number = text(x, y + 5, "bp-mid bp-value");
    const box = svg("rect", { class: "bp-box", x: x - w, y: y - h, width: 2 * w, height: 2 * h, rx: 6 });
    return walk.add("loss", "bp-node", [box, text(x, y - h - 7, "bp-mid bp-title", names[top]), number], (now) => {
      setText(number, now.value(depth + 1) ? brief(store.values[top]) : "");
      return lossState(now);
    });
  };

  // Draws it anew for a room of some width, and returns the picture and whether it goes down.
  return (room) => {
    plan = layoutOf(anatomy, room);
    walk.clear();
    // In reading order; circles stand above edges.
    const shapes = layers[0].map(drawInput);
    const wires = [];
    for (const unit of units) {
      for (const p of into(unit)) p.from === undefined ? shapes.push(...drawBias(p)) : wires.push(drawEdge(p));
      shapes.push(drawUnit(unit));
    }
    shapes.push(drawLoss());
    const ends = outputs.map((a) => {
      const d = between(plan.at.get(a), plan.loss, R, plan.down ? LOSS[0] + 2 : LOSS[0]);
      return svg("path", { class: "bp-link bp-link-none", d });
    });
    const [width, height] = plan.size.map((length) => length + 4);
    const element = svg("svg", {
      viewBox: `-2 -2 ${width} ${height}`, width: room + 4, height: (height * (room + 4)) / width, role: "group",
      "aria-label": words.network.label, onkeydown: walk.onkeydown, onpointerdown: walk.onpointerdown,
    }, ...ends, ...wires, ...shapes);
    return { element, down: plan.down };
  };
};
