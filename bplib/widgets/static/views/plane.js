// The view `plane`: a field as soft colours on a plane of two numbers, with points and paths. Three kinds: samples and
// a network's output; a surface over two inputs, on which the present point moves; a small plane for each seed.
import { html, setAll, setAttr, setText, svg, uniqueId } from "../dom.js";
import { fmt } from "../format.js";
import { snap } from "../move.js";
import { axes, contour, painter } from "../parts/field.js";
import { nearAll } from "../parts/near.js";
import { onRoom } from "../parts/room.js";
import { DIGITS, WIDE, caption } from "../say.js";
import { fill, words } from "../words.js";

const NEAR = 16; // px: a point is read from here
const ARROWS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1], PageDown: [0, -10], PageUp: [0, 10],
};
// px. In a room that is narrow, a hundred fit one screen.
const THUMB = { wide: 58, narrow: 28, gap: 4, most: 140, from: 480 };
const [SHORT, LONG] = [20, 80]; // px: the arrow of a gradient from ARROW_DECADES below the steepest to the steepest
const ARROW_DECADES = 4;
const LANDS = 8; // px: the next step's end is drawn from here on; nearer the point hides it
const DASHED = [4, 3];

const three = (x) => fmt(x, DIGITS);
const pair = ([a, b]) => `(${three(a)}, ${three(b)})`;
const logistic = (z) => 1 / (1 + Math.exp(-z)); // exp may be infinite: then it is 0

// What see(frame) found at the present frame, and at the one before the last move. It is kept: a source that trains
// would have to train again to tell.
const memory = (store, see) => {
  let [last, past] = [null, null];
  return () => {
    const { now, was } = store;
    if (was !== (past?.frame ?? null)) past = was && (last?.frame === was ? last : { frame: was, seen: see(was) });
    if (last?.frame !== now) last = { frame: now, seen: see(now) };
    return [last.seen, past?.seen ?? null];
  };
};

// A key that is the picture's own, and no shortcut of the browser.
const plain = (event) => !(event.altKey || event.ctrlKey || event.metaKey);

// The colours from the low end of the scale to the high end, and what is written under them.
const legend = ({ lo, hi, log, two, levels }, title, note) => {
  const middle = two ? levels[0] : log ? Math.sqrt(lo * hi) : (lo + hi) / 2;
  const bar = html("div", { class: `bp-shades bp-shades-${two ? "two" : "one"}` });
  const ends = html("div", { class: "bp-ends" }, ...[lo, middle, hi].map((x) => html("span", {}, three(x))));
  return html("div", { class: "bp-scale" }, html("p", {}, title), bar, ends, html("p", { class: "bp-note" }, note));
};

// The name of what a field shows.
const nameOf = ({ field: { field }, squash }) => (squash ? fill(words.plane.squashed, { of: field }) : field);
const titleOf = (spec) => (spec.squash ? fill(words.plane.probability, { of: nameOf(spec) }) : nameOf(spec));
// Which levels have lines.
const linesOf = (spec) => {
  const { two, levels } = spec.scale;
  if (two) return fill(words.plane.boundary, { of: nameOf(spec), level: three(levels[0]) });
  return fill(words.plane.lines, { levels: levels.map(three).join(", ") });
};

// The pieces of all lines of the field that begins at values[at].
const linesAt = (values, { scale, field: { cells } }, at = 0) =>
  scale.levels.reduce((all, level) => contour(values, cells, level, at, all), []);

// A canvas and, over it, what is pointed at; redrawn when its room changes. Returns {stage, end}.
const staged = (parts, onroom) => {
  const stage = html("div", { class: "bp-sheet" }, ...parts);
  const outer = html("div", { class: "bp-plane-room" }, stage);
  return { outer, stage, end: onRoom(outer, () => onroom(outer.clientWidth)) };
};

// The points of a program or of seeds at a frame, as a list of [x, y], and what they are.
const samples = (store, { points, labels }, frame) => {
  const columns = points.map((q) => store.read(q, frame).data.slice());
  const [xs, ys] = columns.length === 2 ? columns : [0, 1].map((one) => columns[0].filter((_, k) => k % 2 === one));
  return { places: Array.from(xs, (x, k) => [x, ys[k]]), targets: labels ? [...store.read(labels, frame).data] : null };
};

// Points on one or more planes: squares and discs for two classes, discs in the colours of the field for numbers.
const dots = (paint, { classes, labels }, places, targets, r) => {
  const shaped = (high) => places.filter((_, k) => (targets[k % targets.length] === classes[1]) === high);
  if (!labels) paint.points(places, "disc", "panel", r);
  else if (!classes.length) places.forEach((place, k) => paint.points([place], "disc", targets[k % targets.length], r));
  else {
    paint.points(shaped(false), "square", "panel", r);
    paint.points(shaped(true), "disc", "blue", r);
  }
};

// --- samples and a field ------------------------------------------------------------------------------------------

const ofData = (el, store, spec) => {
  const { field: q, scale, classes, squash } = spec;
  const { cells } = q;
  const asShown = (data) => (squash ? data.map(logistic) : data.slice());
  const see = (frame) => {
    const values = asShown(store.read(q, frame).data);
    const { places, targets } = samples(store, spec, frame);
    const found = asShown(store.read(q.field, frame).data);
    const side = (k) => (found[k] > scale.levels[0]) === (targets[k] === classes[1]);
    const right = places.filter((_, k) => classes.length && side(k)).length;
    const lines = linesAt(values, spec);
    return { values, places, targets, found, side, right, lines };
  };
  const remembered = memory(store, see);
  let room = 0;
  let now; // what is seen
  let read = null; // what is read: {k}, a point, or {at}, a place

  const frame = axes(spec.axes, [q.x, q.y]);
  const paint = painter(scale, () => update());
  const ring = svg("circle", { class: "bp-ring", r: 9 });
  const point = svg("g", { class: "bp-cursor", role: "slider", tabindex: 0 }, ring);
  frame.picture.append(point);
  const { outer, stage, end } = staged([...paint.elements, frame.picture], (width) => {
    room = width;
    update();
  });
  const name = nameOf(spec);
  const count = caption();
  const reading = caption("bp-reading");
  const note = `${linesOf(spec)}; ${words.plane.ghost}`;
  const beside = nearAll(store, 1);
  el.append(html("div", { class: "bp-columns" }, html("div", {}, outer, ...beside.elements),
    html("div", { class: "bp-side" }, legend(scale, titleOf(spec), note), count.element, reading.element)));
  const { right: good, wrong, target, unlabelled } = words.plane;
  const wide = fmt(WIDE, DIGITS);
  const longest = { k: 100, n: 100, place: pair([WIDE, WIDE]), y: classes.length ? 1 : wide, of: name, z: wide };
  reading.keep(fill(classes.length ? wrong : target, longest));

  const sentence = (k) => {
    const { places, targets, found, side } = now;
    const y = targets && three(targets[k]);
    const told = { k: k + 1, n: places.length, place: pair(places[k]), y, of: name, z: three(found[k]) };
    if (classes.length) return fill(side(k) ? good : wrong, told);
    return fill(targets ? target : unlabelled, told);
  };
  // The number of the cell that a place lies in.
  const fieldAt = (at) => {
    const [i, j] = [q.x, q.y].map(([lo, hi], k) => Math.min(cells - 1, Math.floor(((at[k] - lo) / (hi - lo)) * cells)));
    return now.values[j * cells + i];
  };
  const tell = () => {
    const k = read?.k ?? -1;
    const spot = () => fill(words.plane.spot, { place: pair(read.at), of: name, z: three(fieldAt(read.at)) });
    setText(reading.line, k >= 0 ? sentence(k) : read ? spot() : words.plane.read);
    const [x, y] = k >= 0 ? frame.at(now.places[k]) : read ? frame.at(read.at) : [0, 0];
    setAll(ring, { cx: x, cy: y, r: k >= 0 ? 9 : 3, class: read ? "bp-ring" : "bp-ring bp-none" });
    setAll(point, {
      "aria-label": fill(words.plane.points, { x: spec.axes[0], y: spec.axes[1] }),
      "aria-valuemin": 1,
      "aria-valuemax": now.places.length,
      "aria-valuenow": Math.max(0, k) + 1,
      "aria-valuetext": sentence(Math.max(0, k)),
    });
  };

  const update = () => {
    if (!room) return;
    const { width, height } = frame.draw(room);
    setAttr(stage, "style", `width: ${width}px; height: ${height}px`);
    frame.label(fill(words.plane.label, { x: spec.axes[0], y: spec.axes[1], of: name }));
    const [seen, past] = remembered();
    now = seen;
    if (read?.k >= now.places.length) read = null;
    const boxes = [frame.box];
    paint.begin(width, height);
    paint.fields(now.values, cells, boxes);
    if (past) paint.lines([past.lines], boxes, "muted", 1.5, DASHED);
    paint.lines([now.lines], boxes, scale.two ? "ink" : "muted", scale.two ? 2 : 1);
    dots(paint, spec, now.places.map(frame.at), now.targets, 5);
    if (classes.length) {
      const told = (k) => fill(words.plane.count, { k, n: now.places.length });
      const before = past ? `, ${fill(words.plane.was, { x: past.right })}` : "";
      setText(count.line, told(now.right) + before);
      count.keep(`${told(now.places.length)}, ${fill(words.plane.was, { x: now.places.length })}`);
    }
    beside.update();
    tell();
  };
  const show = (what) => {
    read = what;
    tell();
  };
  const pick = (event) => {
    const [x, y] = frame.at(frame.under(event));
    const far = now.places.map((place) => Math.hypot(...frame.at(place).map((p, n) => p - [x, y][n])));
    const k = far.indexOf(Math.min(...far));
    show(far[k] < NEAR ? { k } : { at: frame.under(event) });
  };
  frame.picture.addEventListener("pointermove", (event) => event.pointerType === "mouse" && pick(event));
  frame.picture.addEventListener("click", pick);
  point.addEventListener("focus", () => point.matches(":focus-visible") && show({ k: Math.max(0, read?.k ?? 0) }));
  point.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return show(null);
    const last = now.places.length - 1;
    const by = ARROWS[event.key];
    const to = { Home: 0, End: last }[event.key] ?? (by && (read?.k ?? -1) + by[0] - Math.sign(by[1]));
    if (to === undefined || !plain(event)) return;
    event.preventDefault();
    show({ k: Math.max(0, Math.min(last, to)) });
  });
  return [update, () => {
    end();
    paint.end();
  }];
};

// --- a surface over two inputs ------------------------------------------------------------------------------------

const ofSurface = (el, store, spec) => {
  const { field: q, scale, inputs } = spec;
  const controls = inputs.map((n) => store.control(n));
  const node = store.tape.names.indexOf(spec.of);
  const move = `plane ${inputs}`; // so that a drag is one move
  const at = (state) => inputs.map((n) => state.inputs[n]);
  let room = 0;
  let drawn = ""; // what the field depends on
  let values;
  let lines;

  const frame = axes(spec.axes, [q.x, q.y]);
  const paint = painter(scale, () => update());
  const path = (name) => svg("path", { class: `bp-${name}` });
  const clip = uniqueId("clip");
  const opening = svg("rect");
  const names = ["past", "trail", "steps", "arrow", "arrow-head", "landing"];
  const [past, trail, steps, arrow, head, landing] = names.map(path);
  const circle = (name, r) => svg("circle", { class: `bp-${name}`, r });
  const marks = [circle("reach", 22), circle("halo", 11), circle("here", 6.5)];
  const point = svg("g", { class: "bp-point", role: "slider", tabindex: 0 }, ...marks);
  frame.picture.append(
    svg("clipPath", { id: clip }, opening),
    svg("g", { "clip-path": `url(#${clip})` }, trail, steps, past, arrow, head, landing), point);
  const { outer, stage, end } = staged([...paint.elements, frame.picture], (width) => {
    room = width;
    update();
  });
  const [height, slopes] = [caption(), caption("bp-grad")];
  const derivatives = spec.axes.map((name) => `d${spec.of}/d${name}`).join(", ");
  const title = scale.log ? fill(words.plane.logarithmic, { of: spec.of }) : spec.of;
  el.append(html("div", { class: "bp-columns" }, outer, html("div", { class: "bp-side" },
    legend(scale, title, linesOf(spec)), height.element, slopes.element,
    html("p", { class: "bp-note" }, words.plane.arrow), html("p", { class: "bp-note" }, words.plane.drag))));

  const stands = ([a, b], z, digits) => (
    { x: spec.axes[0], y: spec.axes[1], of: spec.of, a: fmt(a, digits), b: fmt(b, digits), z: fmt(z, digits) });
  const wide = fmt(WIDE, DIGITS);
  height.keep(`${fill(words.plane.height, stands([WIDE, WIDE], WIDE, DIGITS))}, ${fill(words.plane.was, { x: wide })}`);
  slopes.keep(`${fill(words.plane.gradient, { slopes: derivatives })}${pair([WIDE, WIDE])}`);

  const update = () => {
    if (!room) return;
    const { width, height: high } = frame.draw(room);
    setAttr(stage, "style", `width: ${width}px; height: ${high}px`);
    const [left, top, across, down] = frame.box;
    setAll(opening, { x: left, y: top, width: across, height: down });
    frame.label(fill(words.plane.surface, { of: spec.of, x: spec.axes[0], y: spec.axes[1] }));
    // While the point moves on the surface, nothing of the surface changes.
    const key = inputs.reduce((all, n) => all.with(n, 0), store.inputs).join();
    if (drawn !== key) {
      values = store.read(q).data;
      lines = linesAt(values, spec);
    }
    drawn = key;
    paint.begin(width, high);
    paint.fields(values, q.cells, [frame.box]);
    paint.lines([lines], [frame.box], "muted", 1);

    const here = at(store);
    const z = store.values[node];
    const { was } = store;
    const spot = (state) => frame.at(at(state)).map((x) => x.toFixed(2)).join(" ");
    const before = was ? `, ${fill(words.plane.was, { x: three(was.values[node]) })}` : "";
    setText(height.line, fill(words.plane.height, stands(here, z, DIGITS)) + before);
    setAttr(height.element, "title", fmt(z));
    const grads = store.gradientsOf(node);
    const slope = inputs.map((n) => grads[store.tape.inputs[n]]);
    setText(slopes.line, fill(words.plane.gradient, { slopes: derivatives }) + pair(slope));
    setAttr(slopes.element, "title", slope.map((x) => fmt(x)).join(", "));
    const [x, y] = frame.at(here);
    setAttr(point, "transform", `translate(${x} ${y})`);
    setAll(point, {
      "aria-label": fill(words.plane.handle, { x: spec.axes[0], y: spec.axes[1] }),
      "aria-valuemin": controls[0].lo,
      "aria-valuemax": controls[0].hi,
      "aria-valuenow": here[0],
      "aria-valuetext": fill(words.plane.stands, stands(here, z, DIGITS)),
    });
    // The arrow goes against the gradient, as the axes show it.
    const next = frame.at(here.map((a, k) => a - store.rate * slope[k]));
    const size = Math.hypot(...slope);
    const part = Math.max(0, Math.min(1, 1 + Math.log10(size / spec.steepest) / ARROW_DECADES));
    const long = size ? SHORT + (LONG - SHORT) * part : 0;
    const [dx, dy] = [-slope[0] * (across / (q.x[1] - q.x[0])), slope[1] * (down / (q.y[1] - q.y[0]))];
    setAttr(arrow, "d", long ? `M0 0H${long - 8}` : "");
    setAttr(head, "d", long ? `M${long} 0L${long - 11} -6V6Z` : "");
    const turned = `translate(${x} ${y}) rotate(${(Math.atan2(dy, dx) * 180) / Math.PI})`;
    for (const piece of [arrow, head]) setAttr(piece, "transform", turned);
    const far = Math.hypot(next[0] - x, next[1] - y) > LANDS;
    const lands = far && store.source.learns;
    setAttr(landing, "d", lands ? `M${next[0]} ${next[1]}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0` : "");
    setAttr(past, "d", was ? `M${spot(was)}m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0` : "");
    setAttr(trail, "d", store.trail.length ? `M${[...store.trail, store].map(spot).join("L")}` : "");
    setAttr(steps, "d", store.trail.map((state) => `M${spot(state)}h0`).join(""));
  };

  const go = (to) => {
    const next = to.map((x, k) => snap(controls[k], x));
    if (next.every((x, k) => x === store.inputs[inputs[k]])) return;
    const fault = store.propose(inputs.reduce((all, n, k) => all.with(n, next[k]), store.inputs), move);
    if (fault) store.say(fill(words.plane.stays, { fault, a: three(at(store)[0]), b: three(at(store)[1]) }), true);
  };
  const follow = (event) => go(frame.under(event));
  // A finger drags the point itself; beside it, it scrolls the page, and a tap calls the point.
  frame.picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (event.pointerType !== "mouse" && !point.contains(event.target))) return;
    frame.picture.setPointerCapture(event.pointerId);
    point.focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
  });
  const held = ({ pointerId }) => frame.picture.hasPointerCapture(pointerId);
  frame.picture.addEventListener("pointermove", (event) => held(event) && follow(event));
  frame.picture.addEventListener("click", follow);
  point.addEventListener("keydown", (event) => {
    const by = ARROWS[event.key];
    if (!by || !plain(event)) return;
    event.preventDefault();
    go(at(store).map((x, k) => x + by[k] * controls[k].step));
  });
  return [update, () => {
    end();
    paint.end();
  }];
};

// --- a small plane for each seed ----------------------------------------------------------------------------------

const ofSeeds = (el, store, spec) => {
  const { field: q, scale, squash, inputs: [stepsAt, firstAt], of, solved } = spec;
  const { cells } = q;
  let room = 0;
  let across = 1; // planes in a row
  let boxes = [];
  let order = null; // the seeds as they stand, or null for their own order
  let chosen = -1; // a place
  const see = (frame) => store.read(of, frame).data.slice();
  const remembered = memory(store, see);
  let reached; // what each seed has come to

  const paint = painter(scale, () => update());
  const cursor = html("div", { class: "bp-cursor", role: "slider", tabindex: 0 });
  const { outer, stage, end } = staged([...paint.elements, cursor], (width) => {
    room = width;
    update();
  });
  stage.setAttribute("role", "group");
  const name = nameOf(spec);
  const count = caption();
  const reading = caption("bp-reading");
  const button = html("button", { type: "button" });
  const beside = nearAll(store, 1);
  el.append(
    html("div", { class: "bp-bar" }, count.element, button), outer, ...beside.elements, reading.element,
    legend(scale, titleOf(spec), linesOf(spec)));
  const wide = { seed: 10000, of, z: fmt(WIDE, DIGITS), steps: 10000 };
  reading.keep(fill(words.plane.seedSolved, wide));

  const { seed: unsolved, seedSolved } = words.plane;
  const below = (x) => x < solved; // not a lost one
  const standing = () => order ?? [...reached.keys()];
  const sentence = (place) => {
    const seed = standing()[place];
    const z = reached[seed];
    const first = firstAt === undefined ? 0 : store.inputs[firstAt];
    const told = { seed: seed + first, of, z: three(z), steps: store.inputs[stepsAt] };
    return fill(below(z) ? seedSolved : unsolved, told);
  };
  const tell = () => {
    const place = Math.max(0, chosen);
    setText(reading.line, chosen < 0 ? words.plane.choose : sentence(chosen));
    const [left, top, size] = boxes[place];
    setAttr(cursor, "style", `left: ${left - 3}px; top: ${top - 3}px; width: ${size + 6}px; height: ${size + 6}px`);
    cursor.classList.toggle("bp-none", chosen < 0);
    setAll(cursor, {
      "aria-label": fill(words.plane.seeds, { n: reached.length, x: spec.axes[0], y: spec.axes[1], of: name }),
      "aria-valuemin": 1,
      "aria-valuemax": reached.length,
      "aria-valuenow": place + 1,
      "aria-valuetext": sentence(place),
    });
  };
  // Where the planes stand: as many in a row as fit, or fewer, so that the last row is as full as the others.
  const place = (n) => {
    const size = room < THUMB.from ? THUMB.narrow : THUMB.wide;
    const most = Math.max(1, Math.floor((room - 2) / (size + THUMB.gap)));
    across = Math.ceil(n / Math.ceil(n / most));
    const pitch = Math.min(THUMB.most, Math.floor((room - 2) / across));
    const side = pitch - THUMB.gap;
    const corner = (k) => [4 + (k % across) * pitch, 4 + Math.floor(k / across) * pitch];
    boxes = Array.from({ length: n }, (_, k) => [...corner(k), side, side]);
    return [room, Math.ceil(n / across) * pitch + 4];
  };
  const spots = (places) => {
    const part = ([lo, hi], x) => (x - lo) / (hi - lo);
    return boxes.flatMap(([left, top, w, h]) =>
      places.map(([x, y]) => [left + part(q.x, x) * w, top + (1 - part(q.y, y)) * h]));
  };

  const update = () => {
    if (!room) return;
    const [seen, past] = remembered();
    reached = seen;
    const n = reached.length;
    const [width, height] = place(n);
    setAttr(stage, "style", `width: ${width}px; height: ${height}px`);
    setAttr(stage, "aria-label", fill(words.plane.seeds, { n, x: spec.axes[0], y: spec.axes[1], of: name }));
    const { data } = store.read(q);
    const values = squash ? data.map(logistic) : data;
    const rows = standing();
    paint.begin(width, height);
    paint.fields(values, cells, boxes, rows);
    paint.lines(rows.map((seed) => linesAt(values, spec, seed * cells * cells)), boxes, "ink", 1.25);
    const { places, targets } = samples(store, spec, store.now);
    dots(paint, spec, spots(places), targets, room < THUMB.from ? 2 : 2.5);
    paint.frames(boxes.filter((_, k) => !below(reached[rows[k]])), "muted", 0.5);
    paint.frames(boxes.filter((_, k) => below(reached[rows[k]])), "ink", 2);
    const told = (list) => list.filter(below).length;
    const tally = (k) => fill(words.plane.solved, { k, n, limit: fmt(solved) });
    const before = (k) => `; ${fill(words.plane.was, { x: k })}`;
    setText(count.line, tally(told(reached)) + (past ? before(told(past)) : ""));
    count.keep(tally(n) + before(n));
    beside.update();
    setText(button, order ? words.plane.unsort : fill(words.plane.sort, { of }));
    tell();
  };
  const show = (k) => {
    chosen = k;
    tell();
  };
  const pick = ({ clientX, clientY }) => {
    const corner = stage.getBoundingClientRect();
    const [x, y] = [clientX - corner.left, clientY - corner.top];
    const k = boxes.findIndex(([left, top, size]) => x >= left && x < left + size && y >= top && y < top + size);
    if (k >= 0) show(k);
  };
  stage.addEventListener("pointermove", (event) => event.pointerType === "mouse" && pick(event));
  stage.addEventListener("click", pick);
  cursor.addEventListener("focus", () => cursor.matches(":focus-visible") && show(Math.max(0, chosen)));
  cursor.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return show(-1);
    const by = ARROWS[event.key];
    const last = boxes.length - 1;
    const to = { Home: 0, End: last }[event.key] ?? (by && Math.max(0, chosen) + by[0] - across * Math.sign(by[1]));
    if (to === undefined || !plain(event)) return;
    event.preventDefault();
    if (to >= 0 && to <= last) show(to);
  });
  // Sorted once, when it is asked for: planes that change places while they train could not be followed. A lost network
  // comes last.
  button.addEventListener("click", () => {
    const rank = (x) => (Number.isFinite(x) ? x : Infinity);
    order = order ? null : [...reached.keys()].sort((a, b) => rank(reached[a]) - rank(reached[b]) || a - b);
    update();
  });
  return [update, () => {
    end();
    paint.end();
  }];
};

const KINDS = { data: ofData, surface: ofSurface, seeds: ofSeeds };

export const mount = (el, store, spec) => {
  const [update, end] = KINDS[spec.kind](el, store, spec);
  return store.subscribe(update, end);
};
