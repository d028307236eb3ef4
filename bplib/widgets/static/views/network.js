// The view `network`: units with z, a and δ, edges as wide as a weight or its gradient. Step through forward,
// backward and update, for one sample or an epoch; move a weight and see what its gradient predicts.
import { changes } from "../changes.js";
import { slider, typed } from "../controls.js";
import { html, menu, setAttr, setText, svg, uniqueId } from "../dom.js";
import { fitted, fmt, shortened } from "../format.js";
import { mean, samplesOf } from "../samples.js";
import { blue, bracketed, red, say } from "../say.js";
import { walker } from "../walk.js";
import { fill, pieces, words } from "../words.js";

const PLAY = 1100; // ms a step
const R = 42; // of a unit
const SMALL = 27; // of an input
const [PILL, LINE] = [96, 20]; // a bias, on one line
const LETTER = 7.5; // px: the widest that a letter or a digit is
const NEAR = 20; // layers nearer than this stand under each other
const SWEPT = 61; // points that find the length of the bars, and where the truth changes sign
const DOWN = 136; // from layer to layer where they stand under each other
const LONGEST = "−0.0888888"; // a number that is as long as they come
const TRIED = 5; // points at which a rule for δ is tried

// With as many digits as `room` characters hold.
const brief = (x, room = 7) => fitted(x, (text) => text.length <= room);

export const mount = (el, store, spec) => {
  const { tape, labels } = store;
  const { names } = labels;
  const samples = samplesOf(store);
  const top = tape.output;
  const depth = spec.sums.length;
  const delta = (z) => (names[z].startsWith("z") ? `δ${names[z].slice(1)}` : `δ(${names[z]})`);
  // A parameter is an edge {n, node, unit, from}; a bias comes from nowhere.
  const units = spec.sums.flatMap((row, l) => row.map((z, i) => ({ z, a: spec.layers[l + 1][i], layer: l + 1, i })));
  const params = units.flatMap((unit) => {
    const { layer, i } = unit;
    const all = spec.weights[layer - 1][i].map((n, j) => ({ n, from: spec.layers[layer - 1][j] }));
    const b = spec.biases[layer - 1]?.[i];
    return [...all, ...(b === undefined ? [] : [{ n: b }])].map((p) => ({ ...p, node: tape.inputs[p.n], unit }));
  });
  const weightsInto = (unit) => params.filter((p) => p.unit === unit);

  // The three states, layer by layer. `taken` counts the steps, null shows all. It opens before the first, so
  // that a reader can say what will come.
  const pass = [
    ...Array.from({ length: depth + 1 }, (_, l) => ({ phase: "forward", layer: l + 1 })), // the last is the loss
    ...Array.from({ length: depth }, (_, l) => ({ phase: "backward", layer: depth - l })),
  ];
  const plan = (whole) => [
    ...(whole ? Array.from({ length: samples.count }, (_, row) => pass.map((step) => ({ ...step, row }))).flat() : pass),
    ...(store.params.length ? [{ phase: "update" }] : []),
  ];
  let whole = false; // an epoch, or one sample
  let steps = plan(whole);
  let taken = store.passes === "done" ? null : 0;
  let [before, after] = [[], []]; // the inputs around the last update
  let timer = 0;
  const now = () => (taken ? steps[taken - 1] : undefined);
  const layersDone = (phase) =>
    taken === null || now()?.phase === "update" ? [] : steps.slice(0, taken).filter((step) => step.row === now()?.row && step.phase === phase).map(({ layer }) => layer);
  const hasValue = (layer) => taken === null || layer === 0 || layersDone("forward").includes(layer);
  const hasGradient = (layer) => taken === null || layersDone("backward").includes(layer);
  // The samples that have been through the backward pass of a unit so far.
  const rowsOf = ({ layer }) => {
    if (taken === null) return samples.count;
    if (now()?.phase === "update") return 0;
    return steps.slice(0, taken).filter((step) => step.phase === "backward" && step.layer === layer).length;
  };
  let epoch; // the gradients of all samples, found again when something has moved
  // The gradients of a parameter so far, each with its share of the mean: the mean, once all are in.
  const partOf = ({ node, unit }) => epoch.back[node].slice(0, rowsOf(unit)).reduce((a, b) => a + b, 0) / samples.count;
  const gradientOf = (p) => (whole ? (rowsOf(p.unit) ? partOf(p) : null) : hasGradient(p.unit.layer) ? store.grads[p.node] : null);

  // Update waits for the gradients of all layers, in an epoch of all samples; after it nothing is known again.
  const ready = () => taken === null || taken === steps.length - 1;
  const stateOf = () =>
    ready() ? words.network.ready
      : now()?.phase === "update" ? words.network.stale
      : whole ? fill(words.network.waitsForSamples, { n: samples.count })
      : words.network.waits;

  const pause = () => {
    clearInterval(timer);
    timer = 0;
    setText(playButton, words.steps.play);
  };
  const goTo = (count) => {
    const from = taken;
    taken = count;
    picked = null;
    const step = now();
    if (step?.phase === "update") {
      before = store.inputs;
      if ((whole ? samples : store).step()) taken = from;
      after = store.inputs;
    } else if (step?.row !== undefined && step.row !== samples.present() && samples.select(step.row)) {
      taken = from;
    }
    if (taken !== count) pause();
    if (taken && (steps[taken]?.phase ?? "update") === "update" && now().phase === "backward") store.note("walked");
    store.changed();
  };
  // Each button leads to the next step of its kind, and begins again when there is none.
  const nextOf = (phase) => {
    const found = steps.findIndex((step, k) => k >= (taken === steps.length ? 0 : taken ?? 0) && step.phase === phase);
    return (found < 0 ? steps.findIndex((step) => step.phase === phase) : found) + 1;
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
  const playButton = button(words.steps.play, words.network.playTitle, play);
  const phaseButtons = [
    ["forward", words.steps.forward, words.network.forwardTitle],
    ["backward", words.steps.backward, words.network.backwardTitle],
    ["update", words.network.update, words.network.updateTitle],
  ].slice(0, store.params.length ? 3 : 2).map(([phase, text, title]) => ({
    phase,
    element: button(text, title, () => {
      pause();
      if (phase === "update" && !ready()) store.say(stateOf());
      else goTo(nextOf(phase));
    }),
  }));
  // It says why Update can't be pressed, and stays in the Tab order with it.
  const stateLine = html("p", { class: "bp-note", id: uniqueId("state") });
  if (store.params.length) setAttr(phaseButtons[2].element, "aria-describedby", stateLine.id);
  const showState = () => {
    if (!store.params.length) return;
    setText(stateLine, stateOf());
    setAttr(phaseButtons[2].element, "aria-disabled", ready() ? null : "true");
  };
  const buttons = html(
    "div", { class: "bp-buttons", role: "group", "aria-label": words.steps.label },
    ...phaseButtons.map(({ element }) => element), playButton,
    button(words.steps.all, words.steps.allTitle, () => (pause(), goTo(null))),
  );
  let shown = "weights"; // on the edges
  const restart = () => goTo(taken === null ? null : 0);
  const stepFor = (chosen) => {
    pause();
    whole = chosen === "epoch";
    steps = plan(whole);
    restart();
  };
  const rowMenu = html("span");
  const picks = html(
    "div", { class: "bp-picks" },
    menu(words.network.edgesShow, ["weights", "gradients"], (what) => (what === "weights" ? words.network.weights : words.network.gradients), shown, (what) => {
      shown = what;
      store.changed();
    }),
    ...(samples.count ? [
      menu(words.network.stepsFor, ["sample", "epoch"], (what) => (what === "epoch" ? fill(words.network.epoch, { n: samples.count }) : words.network.oneSample), "sample", stepFor),
      rowMenu,
    ] : []),
  );
  // -1: the inputs have been moved off the data.
  let menuRow = null;
  const showRow = () => {
    if (!samples.count || menuRow === samples.present()) return;
    menuRow = samples.present();
    const rows = Array.from({ length: samples.count }, (_, k) => k);
    const name = (k) => fill(k < 0 ? words.network.offData : words.network.sampleOf, { k: k + 1, n: samples.count });
    rowMenu.replaceChildren(menu(words.network.sample, menuRow < 0 ? [-1, ...rows] : rows, name, menuRow, (k) => {
      if (k >= 0) samples.select(k);
      restart();
      rowMenu.querySelector("select").focus();
    }));
  };

  const canvas = html("div", { class: "bp-canvas" });
  const reading = html("p", { class: "bp-reading" });
  const reserve = html("div", { class: "bp-reserve", "aria-hidden": "true" }); // has the longest words, unseen
  let picked = null; // what is read: a unit, a parameter, "loss", or the node of an input
  const walk = walker((key) => {
    picked = key;
    if (key !== null) store.note("read", key.node ?? key.a ?? (key === "loss" ? top : key));
    store.changed();
  });

  // The chosen weight: a slider, and the bars that compare prediction and truth from a pinned point.
  const movable = params.filter(({ n }) => store.control(n));
  let chosen;
  let pin = null; // {x, y, slope, most, key}
  const weight = html("div", { class: "bp-control" });
  let fields = []; // of the chosen weight
  const bars = changes();
  const verdict = html("p", { class: "bp-apart" });
  const pinText = html("span", { class: "bp-tag" });
  const panel = html(
    "div", { class: "bp-move" },
    html("div", { class: "bp-buttons" }, pinText, button(words.network.measure, words.network.measureTitle, () => {
      pin = null;
      store.changed();
    })),
    bars.element, verdict,
  );
  const choose = (p, byPointer) => {
    const control = store.control(p.n);
    chosen = p;
    pin = null;
    fields = [slider(store, control), typed(store, control.name, () => store.inputs[p.n], (x) => store.set(p.n, x))];
    weight.replaceChildren(html("span", { class: "bp-name", "aria-hidden": "true" }, control.name), ...fields.map(({ input }) => input));
    fields.forEach((field) => field.update());
    store.changed();
    if (byPointer === false) fields[0].input.focus();
  };
  if (movable.length) choose(movable[0]);
  // The output along the chosen weight: pairs of weight and output.
  const swept = (from, to) => {
    const xs = Float64Array.from({ length: SWEPT }, (_, k) => from + ((to - from) * k) / (SWEPT - 1));
    const ys = store.sweep(chosen.n, xs, top);
    return Array.from(xs, (x, k) => [x, ys[k]]);
  };
  // Where, on the way back to the pinned point, the true change leaves the sign that it has at x.
  const turn = (x, truth) => {
    let ends = [x, pin.x];
    for (let pass = 0; pass < 3; pass++) {
      const along = swept(...ends);
      const k = along.findIndex(([, y], k) => k > 0 && !((y - pin.y) * truth > 0));
      ends = [along[k - 1][0], along[k][0]];
    }
    return mean(ends);
  };
  const showPanel = () => {
    if (!chosen) return;
    const { n, node } = chosen;
    const { lo, hi, name } = store.control(n);
    const x = store.inputs[n];
    fields.forEach((field) => field.update());
    if (!hasGradient(chosen.unit.layer)) {
      pin = null;
      setText(pinText, fill(words.steps.notYetOf, { name: labels.derivative(top, node) }));
      bars.predicted.show(fill(words.network.predicted, { x: "?" }), 0);
      bars.truth.show(fill(words.network.truth, { output: names[top], x: "?" }), 0);
      setText(verdict, now()?.phase === "update" ? words.network.stale : words.network.noGradient);
      return;
    }
    // The pinned point stays while this weight alone moves.
    const key = [n, ...store.inputs.with(n, 0)].join();
    if (pin?.key !== key) {
      const [y, slope] = [store.values[top], store.grads[node]];
      const moves = swept(lo, hi).map(([, other]) => other - y).filter(Number.isFinite).map(Math.abs);
      const most = Math.max(...moves, Math.abs(slope) * Math.max(x - lo, hi - x)) || 1;
      pin = { key, x, y, slope, most };
    }
    const predicted = pin.slope * (x - pin.x);
    const truth = store.values[top] - pin.y;
    setText(pinText, fill(words.network.measured, { name, x: fmt(pin.x), derivative: labels.derivative(top, node), slope: fmt(pin.slope) }));
    bars.predicted.show(fill(words.network.predicted, { x: fmt(predicted) }), predicted / pin.most);
    bars.truth.show(fill(words.network.truth, { output: names[top], x: fmt(truth) }), truth / pin.most);
    const apart = Math.abs(predicted - truth);
    const large = Math.max(Math.abs(predicted), Math.abs(truth));
    const opposite = large >= 1e-12 && apart > 0.1 * large && predicted * truth < 0;
    const sentence = large < 1e-12 ? words.network.still
      : apart <= 0.1 * large ? words.network.agree
      : opposite ? words.network.opposite
      : words.network.part;
    setText(verdict, fill(sentence, { name, x: fmt(apart), at: opposite ? fmt(turn(x, truth), 3) : "" }));
  };

  // Every named number, with what is known of it.
  const layerOf = new Map(units.flatMap(({ z, a, layer }) => [[z, layer], [a, layer]]));
  params.forEach((p) => layerOf.set(p.node, p));
  const order = [
    ...spec.layers[0],
    ...spec.sums.flatMap((_, l) => {
      const row = units.filter(({ layer }) => layer === l + 1);
      return [...row.flatMap(weightsInto).map(({ node }) => node), ...row.map(({ z }) => z), ...row.map(({ a }) => a)];
    }),
  ];
  const others = tape.inputs.filter((i) => !order.includes(i));
  const known = (i) => {
    const at = layerOf.get(i);
    const layer = i === top ? depth + 1 : typeof at === "number" ? at : at?.unit.layer ?? 0;
    const given = tape.nodes[i][0] === "input";
    const first = given && !at; // an input's own gradient comes with the first layer's
    return {
      value: given || hasValue(layer),
      grad: i === top ? taken === null || layersDone("forward").includes(depth + 1) : hasGradient(first ? 1 : layer),
    };
  };
  const rows = [...order, ...others, top].map((i) => {
    const value = html("td", { class: "bp-value" });
    const grad = html("td", { class: "bp-grad" });
    const part = html("td", { class: "bp-grad" });
    return { i, p: params.find(({ node }) => node === i), value, grad, part, row: html("tr", {}, html("th", { scope: "row" }, names[i]), value, grad, part) };
  });
  const partHead = html("th", { scope: "col" }, fill(words.network.sumHead, { n: samples.count }));
  const table = html(
    "div", { class: "bp-intermediates", role: "group", tabindex: 0, "aria-label": words.network.every },
    html("table", {},
      html("thead", {}, html("tr", {}, ...[words.network.name, words.network.value, fill(words.network.gradientOf, { output: names[top] }).replace("/", "/\u200b")].map((head) => html("th", { scope: "col" }, head)), partHead)),
      html("tbody", {}, ...rows.map(({ row }) => row))),
  );
  const showTable = () => {
    partHead.hidden = !whole;
    for (const { i, p, value, grad, part } of rows) {
      const is = known(i);
      setText(value, is.value ? fmt(store.values[i]) : "");
      setText(grad, is.grad ? fmt(store.grads[i]) : "");
      part.hidden = !whole;
      setText(part, p && whole && rowsOf(p.unit) ? fmt(partOf(p)) : "");
    }
  };

  el.append(
    html("div", { class: "bp-bar" }, picks, buttons), ...(store.params.length ? [stateLine] : []),
    // The slider stands beside what it moves: the weight above it, the bars below.
    html("div", { class: "bp-columns" }, html("div", { class: "bp-drawing" }, canvas, ...(chosen ? [weight] : [])), html("div", { class: "bp-told" }, reading, reserve), ...(chosen ? [panel] : []), table),
  );

  let largest; // of what the edges show
  const edgeNumber = (p) => (shown === "weights" ? store.values[p.node] : gradientOf(p));
  const dress = (line, p) => {
    const x = edgeNumber(p);
    const part = x === null ? 0 : Math.abs(x) / (largest || 1);
    setAttr(line, "class", `bp-link bp-link-${x === null ? "none" : shown}`);
    setAttr(line, "stroke-width", (1 + 6 * part).toFixed(2));
    setAttr(line, "stroke-dasharray", x < 0 ? "5 3" : "none");
  };
  const labelOf = ({ node, from, unit }, numbers) => {
    const parts = { name: names[node], unit: names[unit.a], numbers };
    return from === undefined ? fill(words.network.bias, parts) : fill(words.network.edge, { ...parts, from: names[from] });
  };
  const edgeState = (p) => {
    const gradient = gradientOf(p);
    const x = fmt(store.values[p.node]);
    const sentence = whole ? words.network.gradientsSoFar : words.network.gradient;
    const step = now();
    return {
      label: labelOf(p, gradient === null ? x : fill(sentence, { x, n: samples.count, gradient: fmt(gradient) })),
      picked: picked === p,
      chosen: chosen === p,
      flow: step?.phase === "forward" && step.layer === p.unit.layer,
      flowback: step?.phase === "backward" && step.layer === p.unit.layer,
    };
  };
  const onchoose = (p) => (store.control(p.n) ? (byPointer = false) => choose(p, byPointer) : undefined);

  let drawn = 0;
  const draw = () => {
    const room = canvas.clientWidth - 4;
    if (room <= 0 || drawn === room) return;
    drawn = room;
    const gap = (room - 2 * SMALL - depth * 2 * R - 76) / (depth + 1);
    const down = gap < NEAR;
    const most = Math.max(...spec.layers.map((layer) => layer.length));
    const pillWidth = down ? 50 : PILL;
    // Where the units of a layer have no room side by side with their biases, the picture is drawn smaller.
    const wide = down ? Math.max(room, most * (2 * R + pillWidth + 8)) : room;
    const breadth = down ? wide / most : 2 * R + LINE + 38; // of a unit with its name and its bias
    const aside = down ? wide : most * breadth;
    // Where a layer stands along the flow: inputs, units, loss.
    const alongOf = (k) => (down ? 44 + k * DOWN : k ? 2 * SMALL + k * gap + (2 * k - 1) * R : SMALL);
    const spot = (k, i, count) => {
      const side = aside / 2 + (i - (count - 1) / 2) * breadth;
      const shift = spec.biases.length ? (pillWidth + 4) / 2 : 0;
      return down ? [side - shift, alongOf(k)] : [alongOf(k), side - 6];
    };
    const place = new Map();
    spec.layers.forEach((layer, k) => layer.forEach((a, i) => place.set(a, spot(k, i, layer.length))));
    const lossAt = down ? [mean(spec.layers.at(-1).map((a) => place.get(a)[0])), alongOf(depth + 1) - 10] : [room - 38, aside / 2 - 6];
    const radius = (a) => (spec.layers[0].includes(a) ? SMALL : R);
    const line = ([x0, y0], [x1, y1], r0, r1) => {
      const length = Math.hypot(x1 - x0, y1 - y0);
      const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
      return `M${x0 + ux * r0} ${y0 + uy * r0}L${x1 - ux * r1} ${y1 - uy * r1}`;
    };
    const text = (x, y, kind, words = "") => svg("text", { class: kind, x, y }, words);
    // Above a circle; beside the middle where edges come from above.
    const title = (x, y, r, name) =>
      text(down ? x - r : x, y - r - 6, down ? "bp-title" : "bp-mid bp-title", shortened(name, Math.floor((down ? breadth - pillWidth : 2 * r + gap) / LETTER)));
    const hadFocus = canvas.contains(document.activeElement);
    walk.clear();

    const drawEdge = (p) => {
      const d = line(place.get(p.from), place.get(p.unit.a), radius(p.from), R);
      const link = svg("path", { d });
      return walk.add(p, "bp-edge", [svg("path", { class: "bp-reach", d }), svg("path", { class: "bp-glow", d }), link], () => {
        dress(link, p);
        return edgeState(p);
      }, onchoose(p));
    };
    const drawBias = (p) => {
      const [cx, cy] = place.get(p.unit.a);
      const [x, y] = down ? [cx + R + 4, cy - LINE] : [cx - PILL / 2, cy + R + 7];
      const height = down ? 2 * LINE : LINE;
      const d = down ? `M${x} ${cy}H${cx + R}` : `M${cx} ${y}V${cy + R}`;
      const link = svg("path", { d });
      const short = shortened(names[p.node], 6);
      const letters = down ? 6 : Math.floor((PILL - 18) / LETTER) - short.length; // for the number
      const name = text(down ? x + pillWidth / 2 : x + 7, y + 15, down ? "bp-mid" : "", short);
      const number = text(down ? x + pillWidth / 2 : x + PILL - 7, y + (down ? 33 : 15), down ? "bp-mid bp-value" : "bp-number bp-value");
      const button = walk.add(p, "bp-edge bp-pill", [link, svg("rect", { class: "bp-box", x, y, width: pillWidth, height, rx: 6 })], () => {
        dress(link, p);
        const x = edgeNumber(p);
        setText(number, x === null ? "" : brief(x, letters));
        setAttr(number, "class", `${down ? "bp-mid" : "bp-number"} bp-${shown === "weights" ? "value" : "grad"}`);
        return edgeState(p);
      }, onchoose(p));
      return [button, svg("g", { class: "bp-written", "aria-hidden": "true" }, name, number)];
    };
    const drawUnit = (unit) => {
      const [x, y] = place.get(unit.a);
      const lines = [["z", -16], ["a", 4], ["δ", 24]].map(([kind, dy]) => text(x, y + dy, `bp-mid bp-${kind === "δ" ? "grad" : "value"}`));
      return walk.add(unit, "bp-node bp-unit", [
        svg("circle", { class: "bp-box", cx: x, cy: y, r: R }), title(x, y, R, names[unit.a]), ...lines,
      ], () => {
        const [value, gradient] = [hasValue(unit.layer), hasGradient(unit.layer)];
        const shownLines = [value && `z ${brief(store.values[unit.z])}`, value && `a ${brief(store.values[unit.a])}`, gradient && `δ ${brief(store.grads[unit.z])}`];
        lines.forEach((element, k) => setText(element, shownLines[k] || ""));
        const told = [...(value ? [`z ${fmt(store.values[unit.z])}`, `a ${fmt(store.values[unit.a])}`] : []), ...(gradient ? [fill(words.network.delta, { x: fmt(store.grads[unit.z]) })] : [])];
        const step = now();
        return {
          label: fill(words.network.unit, { name: names[unit.a], numbers: told.join(", ") || words.steps.notYet }),
          picked: picked === unit || picked?.unit === unit || (picked?.from !== undefined && picked.from === unit.a),
          current: step?.layer === unit.layer && step.phase !== "update",
        };
      });
    };
    const drawInput = (i) => {
      const [x, y] = place.get(i);
      const number = text(x, y + 5, "bp-mid bp-value");
      return walk.add(i, "bp-node bp-input", [
        svg("circle", { class: "bp-box", cx: x, cy: y, r: SMALL }), title(x, y, SMALL, names[i]), number,
      ], () => {
        setText(number, fmt(store.values[i], 3));
        return { label: fill(words.network.input, { name: names[i], x: fmt(store.values[i]) }), picked: picked === i || picked?.from === i };
      });
    };
    const drawLoss = () => {
      const [x, y] = lossAt;
      const number = text(x, y + 5, "bp-mid bp-value");
      return walk.add("loss", "bp-node", [
        svg("rect", { class: "bp-box", x: x - 38, y: y - 18, width: 76, height: 36, rx: 6 }), text(x, y - 25, "bp-mid bp-title", names[top]), number,
      ], () => {
        const value = hasValue(depth + 1);
        setText(number, value ? brief(store.values[top]) : "");
        return { label: value ? fill(words.network.loss, { name: names[top], x: fmt(store.values[top]) }) : fill(words.steps.notYetOf, { name: names[top] }), picked: picked === "loss", current: now()?.layer === depth + 1 };
      });
    };
    // In reading order; circles stand above edges.
    const shapes = spec.layers[0].map(drawInput);
    const wires = [];
    for (const unit of units) {
      for (const p of weightsInto(unit)) p.from === undefined ? shapes.push(...drawBias(p)) : wires.push(drawEdge(p));
      shapes.push(drawUnit(unit));
    }
    shapes.push(drawLoss());
    const ends = spec.layers.at(-1).map((a) => svg("path", { class: "bp-link bp-link-none", d: line(place.get(a), lossAt, R, down ? 40 : 38) }));
    const height = down ? lossAt[1] + 24 : aside;
    canvas.replaceChildren(svg("svg", {
      viewBox: `-2 -2 ${wide + 4} ${height + 4}`, width: room + 4, height: ((height + 4) * (room + 4)) / (wide + 4), role: "group", onkeydown: walk.onkeydown,
      "aria-label": words.network.label,
    }, ...ends, ...wires, ...shapes));
    if (hadFocus) walk.focus();
    update();
  };

  // What a part says: symbols on one line, the present numbers on the next.
  const forwardOf = (unit) => {
    const terms = weightsInto(unit);
    const symbols = terms.map(({ node, from }) => (from === undefined ? names[node] : `${names[node]} × ${names[from]}`));
    const numbers = terms.map(({ node, from }) => (from === undefined ? bracketed(store.values[node]) : `${bracketed(store.values[node])} × ${bracketed(store.values[from])}`));
    const { z, a } = unit;
    return [`${names[z]} = ${symbols.join(" + ")} = ${numbers.join(" + ")} = `, blue(store.values[z]), `\n${names[a]} = ${labels.formulas[a]} = `, blue(store.values[a])];
  };
  const slopeOf = ({ z, a }) => tape.backward(store.run, a)[z][0];
  // The target t for which δ of an output is (a − t) / outputs, whatever the numbers: that of a sigmoid under
  // cross-entropy, however the loss is written. Tried on the graph, at points where nothing is 0 by chance.
  const targets = new Map();
  const targetOf = ({ z, a }) => {
    if (targets.has(a)) return targets.get(a);
    const columns = tape.inputs.map((_, n) => Float64Array.from({ length: TRIED }, (_, s) => {
      const part = ((n + 1) * 0.7548776662 + (s + 1) * 0.569840291) % 1;
      const { lo, hi } = store.control(n) ?? { lo: tape.start[n] - 1, hi: tape.start[n] + 1 };
      return lo + part * (hi - lo);
    }));
    const run = tape.forward(columns, TRIED);
    const delta = tape.backward(run)[z];
    const outputs = spec.layers.at(-1).length;
    const fits = (t) => delta.every((x, s) => Math.abs(x - (run[a][s] - run[t][s]) / outputs) < 1e-9);
    targets.set(a, tape.nodes[a].join() === `sigmoid,${z}` ? others.find(fits) : undefined);
    return targets.get(a);
  };
  const backwardOf = (unit) => {
    const { z, a, layer } = unit;
    const slope = slopeOf(unit);
    const result = ["= ", red(store.grads[z])];
    const uses = params.filter((p) => p.from === a);
    const end = `${labels.derivative(a, z)}`;
    const target = layer === depth ? targetOf(unit) : undefined;
    if (target !== undefined) {
      const [symbols, numbers] = [`${names[a]} − ${names[target]}`, `${fmt(store.values[a])} − ${bracketed(store.values[target])}`];
      const outputs = spec.layers.at(-1).length;
      const over = (text) => (outputs > 1 ? `(${text}) / ${outputs}` : text);
      return [`${delta(z)} = ${labels.derivative(top, z)} = ${over(symbols)} = ${over(numbers)} `, ...result];
    }
    if (layer === depth || !uses.length) {
      // A loss from the logit goes past the activation.
      if (Math.abs(store.grads[a] * slope - store.grads[z]) > 1e-9 * Math.abs(store.grads[z])) return [`${delta(z)} = ${labels.derivative(top, z)} `, ...result];
      return [`${delta(z)} = ${labels.derivative(top, a)} × ${end} = `, red(store.grads[a]), ` × ${bracketed(slope)} `, ...result];
    }
    const sum = uses.map(({ node, unit: next }) => `${names[node]} × ${delta(next.z)}`).join(" + ");
    const numbers = uses.flatMap(({ node, unit: next }, k) => [k ? " + " : "", `${bracketed(store.values[node])} × `, red(store.grads[next.z], true)]);
    return [`${delta(z)} = (${sum}) × ${end}\n= (`, ...numbers, `) × ${bracketed(slope)} `, ...result];
  };
  const edgeWords = (p) => {
    const { node, from, unit } = p;
    const d = labels.derivative(top, node);
    const times = from === undefined ? "" : ` × ${names[from]}`;
    const factor = from === undefined ? "" : ` × ${bracketed(store.values[from])}`;
    const own = hasGradient(unit.layer) ? [`${d} = ${delta(unit.z)}${times} = `, red(store.grads[unit.z], true), factor, ...(from === undefined ? [] : [" = ", red(store.grads[node])])] : [fill(words.steps.notYetOf, { name: d })];
    const summed = whole && rowsOf(unit) ? ["\n", ...pieces(words.network.summed, { rows: rowsOf(unit), n: samples.count, x: [red(partOf(p))] })] : [];
    return [`${names[node]} = `, blue(store.values[node]), "\n", ...own, ...summed];
  };
  const lossWords = () => {
    const loss = [`${names[top]} = `, blue(store.values[top])];
    return whole ? pieces(words.network.lossMean, { loss, n: samples.count, x: [blue(mean(epoch.run[top]))] }) : loss;
  };
  const updateWords = (from, to) => {
    const moves = store.params.map(({ n, name }) => `${name} ${fmt(from[n])} → ${fmt(to[n])}`);
    return [fill(whole ? words.network.updatedMean : words.network.updated, { rate: fmt(store.rate), moves: moves.join(" · ") })];
  };
  const stepWords = (step) => {
    const where = step.layer > depth ? names[top] : fill(words.network.layer, { k: step.layer });
    const told = fill(step.phase === "forward" ? words.network.forward : words.network.backward, { where });
    const head = step.row === undefined ? told : fill(words.network.ofSample, { k: step.row + 1, n: samples.count, step: told });
    const layer = units.filter((unit) => unit.layer === step.layer);
    const lines = step.layer > depth ? lossWords() : layer.flatMap((unit, k) => [k ? "\n" : "", ...(step.phase === "forward" ? forwardOf(unit) : backwardOf(unit))]);
    return [`${head}\n`, ...lines];
  };
  const unitWords = (unit) => [...forwardOf(unit), "\n", ...backwardOf(unit)];
  const hint = [movable.length ? words.network.pointAndClick : words.network.point];
  const spoken = () => {
    const step = now();
    if (picked === "loss") return hasValue(depth + 1) ? lossWords() : [words.steps.notYet];
    if (typeof picked === "number") return [`${names[picked]} = `, blue(store.values[picked]), ...(hasGradient(1) ? [`, ${labels.derivative(top, picked)} = `, red(store.grads[picked])] : [])];
    if (picked?.unit) return edgeWords(picked);
    if (picked) return !hasValue(picked.layer) ? [words.steps.notYet] : hasGradient(picked.layer) ? unitWords(picked) : forwardOf(picked);
    if (!step) return hint;
    return step.phase === "update" ? updateWords(before, after) : stepWords(step);
  };
  // Every sentence, of an epoch if there are samples, with numbers as long as they come, all on the same spot.
  const reserveRoom = () => {
    const { inputs } = store;
    const present = [whole, taken];
    [whole, taken] = [samples.count > 0, null];
    const all = [hint, updateWords(inputs, inputs), ...pass.map((step) => stepWords({ ...step, row: samples.count ? 0 : undefined })), ...units.map(unitWords), ...params.map(edgeWords)];
    [whole, taken] = present;
    reserve.replaceChildren(...all.map((sentence) => {
      const text = sentence.map((part) => (typeof part === "string" ? part : part[1])).join("");
      return html("p", {}, text.replace(/(?<![\p{L}\d_.])−?\d[\d.]*(e−?\d+)?(?![\p{L}_])/gu, LONGEST));
    }));
  };

  let epochKey = "";
  const update = () => {
    // After an update nothing but the weights is known. Whoever then moves something by hand begins again.
    if (now()?.phase === "update" && store.inputs !== after) taken = 0;
    if (samples.count && epochKey !== store.inputs.join()) {
      epoch = samples.all();
      epochKey = store.inputs.join();
    }
    const sizes = params.map(edgeNumber).filter((x) => x !== null).map(Math.abs);
    largest = Math.max(0, ...sizes);
    walk.update();
    for (const { phase, element } of phaseButtons) setAttr(element, "aria-current", now()?.phase === phase ? "step" : null);
    showState();
    showRow();
    showTable();
    showPanel();
    setAttr(reading, "aria-live", now() && picked === null ? "polite" : "off");
    say(reading, spoken());
  };

  const resized = new ResizeObserver(draw);
  resized.observe(canvas);
  update(); // what the table has no use for is hidden before the picture takes the room that is left
  reserveRoom(); // the browser then keeps it at any width
  draw();
  const unsubscribe = store.subscribe(update);
  return () => {
    pause();
    unsubscribe();
    resized.disconnect();
  };
};
