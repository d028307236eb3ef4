// The part `chart`: lines, tangents, marks and a point that moves, on one pair of axes. It knows numbers only: a view
// says what to draw, and hears where the reader moves the point. As wide as its place, as high as it is told: nothing
// changes size while a control moves.
//
// What is made of a chart is drawn by its own show() once the chart is ready and has axes; what was made later lies
// above. A number without a place, such as 0 on a logarithmic scale, breaks a line; as a mark it is an arrow at the edge.
import { scaleOf, widthOf, written } from "./axes.js";
import { html, setAll, setAttr, setText, svg, uniqueId } from "../dom.js";
import { onKeys, snap } from "../move.js";

const [RIGHT, UNDER] = [14, 37]; // px right of the plot and below it
const NAMED = 14; // px above it, for the name of the vertical axis
const STOP = 56; // px that a tick of the horizontal axis takes
const HALF = 6; // px: half of a text's height
const FAR = 1e4; // px: far outside; coordinates of any size would break a path
const [ALONG, ASIDE] = [46, 4]; // px along a tangent, unless it is shorter, and aside of it, to what is written at it

const round = (r) => `a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`; // a circle, from its left
const between = (lo, x, hi) => Math.max(lo, Math.min(hi, x));
const far = (px) => between(-FAR, px, FAR);
const path = (name) => svg("path", { class: `bp-${name}` });
const sample = (name) =>
  svg("svg", { width: 22, height: 8, "aria-hidden": "true" }, svg("path", { class: `bp-${name}`, d: "M0 4H22" }));
const circle = (name, r) => svg("circle", { class: `bp-${name}`, r });

// height: in px; left: room for numbers beside the vertical axis, at least; levels: about how many of them; named: the
// vertical axis has a name; onresize(): the chart is as wide as its place again, and is to be drawn.
export const chart = ({ height, left: least, levels, named = false }, onresize) => {
  const [top, bottom] = [named ? 10 + NAMED : 10, height - UNDER];
  const clip = uniqueId("clip");
  const frame = svg("rect", { y: top - 5, height: bottom - top + 10 });
  const axes = svg("g", { "aria-hidden": "true" });
  const inside = svg("g", { "clip-path": `url(#${clip})` });
  const picture = svg("svg", { role: "img", height }, svg("clipPath", { id: clip }, frame), axes, inside);
  const element = html("div", { class: "bp-canvas bp-chart" }, picture);
  const legend = html("p", { class: "bp-lines" });
  let width = 0;
  let [left, right] = [least, least];
  let across; // the scales
  let up;
  const labels = []; // where words stand at tangents: {p, q, half}, their middle and half of their width
  let drawn; // what the axes and lines that stand depend on
  const toX = (part) => far(left + part * (right - left));
  const toY = (part) => far(bottom + part * (top - bottom));
  const xAt = (x) => toX(across.part(x));
  const yAt = (y) => toY(up.part(y));
  const at = (x, y) => `${x.toFixed(2)} ${y.toFixed(2)}`;
  const pointed = (event) => event.clientX - picture.getBoundingClientRect().left;
  const numberAt = (px) => across.at((px - left) / (right - left));
  const placed = ([x, y]) => [xAt(x), yAt(y)];
  const hasPlace = ([x, y]) => Number.isFinite(across.part(x) + up.part(y));
  const put = (shape, parent = inside) => {
    parent.append(shape);
    return shape;
  };

  // Two axes, each {lo, hi, log, name}: see axes.js for ranges that fit a curve.
  const rule = (horizontal, vertical) => {
    [across, up] = [horizontal, vertical].map(scaleOf);
    const heights = up.ticks(levels);
    const numbers = written(heights);
    [left, right] = [Math.max(least, widthOf(numbers) + 12), width - RIGHT];
    const stops = across.ticks(Math.min(8, (right - left) / STOP));
    const below = written(stops);
    setAll(frame, { x: left - 5, width: right - left + 10 });
    const line = (name, d) => svg("path", { class: `bp-${name}`, d });
    const text = (name, x, y, words) => svg("text", { class: `bp-${name}`, x, y }, words);
    axes.replaceChildren(
      ...heights.flatMap((y, k) => [
        line(y ? "grid" : "zero", `M${left} ${yAt(y)}H${right}`),
        text("tick-y", left - 8, yAt(y) + 4, numbers[k]),
      ]),
      ...stops.flatMap((x, k) => [
        ...(x ? [] : [line("zero", `M${xAt(0)} ${bottom}V${top}`)]),
        text("tick-x", xAt(x), bottom + 17, below[k]),
      ]),
      line("axis", `M${left} ${bottom}H${right}`),
      text("axis-x", (left + right) / 2, height - 4, horizontal.name),
      ...(named ? [text("axis-y", 4, 12, vertical.name)] : []),
    );
  };

  // A line through points [x, y], broken where one has no place. With a title it stands in the legend, if it has any.
  const line = (name, title) => {
    const shape = put(path(name));
    const entry = title && put(html("span", {}, sample(name), title), legend);
    return {
      show: (points) => {
        let joined = false;
        let d = "";
        for (const point of points) {
          if (hasPlace(point)) d += `${joined ? "L" : "M"}${at(...placed(point))}`;
          joined = hasPlace(point);
        }
        setAttr(shape, "d", d);
        if (entry) entry.style.visibility = d ? "" : "hidden";
      },
    };
  };

  // Dots at points [x, y]; with a radius, rings.
  const dots = (name, r = 0) => {
    const shape = put(path(name));
    const mark = r ? `m${-r} 0${round(r)}` : "h0";
    const dot = (point) => `M${at(...placed(point))}${mark}`;
    return { show: (points) => setAttr(shape, "d", points.filter(hasPlace).map(dot).join("")) };
  };

  // From (x, y) to both axes.
  const guide = (name) => {
    const shape = put(path(name));
    return { show: (x, y) => setAttr(shape, "d", `M${xAt(x)} ${bottom}V${yAt(y)}H${left}`) };
  };

  // The line through (x, y) with a slope, so far to either side, as a part of the axis; and words above its right end
  // (side 1) or below its left one (side -1), or on another side of an end where there is no room, or where the words of a
  // tangent stand that was made later.
  const tangent = (name, reach, side = 1) => {
    const shape = put(path(name));
    const label = put(svg("text", { class: `bp-at-${name}`, "aria-hidden": "true" }), picture);
    const mine = {};
    const order = labels.push(mine);
    const hide = () => {
      setAttr(shape, "d", "");
      setText(label, "");
      mine.half = -Infinity;
    };
    return {
      hide,
      show: (x, y, slope, words = "") => {
        const [a, b] = placed([x, y]);
        const steep = (-slope * up.rate(y) * (bottom - top)) / (across.rate(x) * (right - left)); // px down for a px right
        if (!Number.isFinite(a + b + steep)) return hide();
        const length = Math.hypot(1, steep); // for a px right
        const run = Math.min(reach * (right - left), FAR / length);
        setAttr(shape, "d", `M${at(a - run, b - run * steep)}L${at(a + run, b + run * steep)}`);
        const half = widthOf([words]) / 2;
        const along = Math.min(run, ALONG / length);
        const aside = (ASIDE + (half * Math.abs(steep) + HALF) / length) / length;
        const spot = (end, above) => [a + end * along + above * steep * aside, b + end * along * steep - above * aside];
        const spots = [spot(side, side), spot(side, -side), spot(-side, side), spot(-side, -side)];
        const within = ([p, q]) => [between(left + half, p, right - half), between(top + HALF, q, bottom - HALF)];
        const fits = (each) => at(...within(each)) === at(...each);
        const apart = ([p, q]) => (other) => !(Math.abs(p - other.p) < half + other.half && Math.abs(q - other.q) < 2 * HALF);
        const free = (each) => fits(each) && labels.slice(order).every(apart(each));
        const [p, q] = [...spots, ...spots.map(within)].find(free) ?? within(spots[0]);
        Object.assign(mine, { p, q, half });
        setAll(label, { x: p, y: q + 4 });
        setText(label, words);
      },
    };
  };

  // A dot; one that is outside the plot stands at its edge as an arrow that points there.
  const marked = (group, shape, r) => {
    put(group, picture).append(shape);
    const hide = () => setAttr(group, "visibility", "hidden");
    return {
      hide,
      show: (...point) => {
        const [x, y] = placed(point);
        if (Number.isNaN(x + y)) return hide();
        const [a, b] = [between(left, x, right), between(top, y, bottom)];
        setAll(group, { visibility: null, transform: `translate(${a} ${b})` });
        setAll(shape, a === x && b === y
          ? { d: `M${-r} 0${round(r)}`, transform: "" }
          : { d: `M${r} 0L${-r} ${-r}V${r}Z`, transform: `rotate(${(Math.atan2(y - b, x - a) * 180) / Math.PI})` });
      },
    };
  };
  const mark = (name, r) => marked(svg("g"), path(name), r);

  // The mark that the reader moves along the horizontal axis: by keys, and by a mouse or a finger anywhere in the
  // picture, or with `alone` only by itself. A finger that only scrolls the page moves nothing: it counts when it slides
  // to the side or taps. control(): {lo, hi, step}; read(): the number now; move(x): another is asked for; of(x): what
  // of the control stands at x of the axis.
  const point = (control, read, move, { alone = false, of = (x) => x } = {}) => {
    const handle = svg("g", { class: "bp-point", role: "slider", tabindex: 0 }, circle("reach", 18), circle("halo", 11));
    const { show } = marked(handle, path("here"), 6.5);
    let down; // {x, y, grip}: where the pointer went down, and how far from the middle of the point if it took that
    let follows = false; // from there on the point goes with the pointer
    const follow = (event) => {
      move(snap(control(), of(numberAt(pointed(event) - down.grip))));
    };
    const ours = (event) => down && picture.hasPointerCapture(event.pointerId);
    picture.addEventListener("pointerdown", (event) => {
      const held = handle.contains(event.target);
      if (event.button !== 0 || (alone && !held)) return;
      picture.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      event.preventDefault();
      const { left: edge, width: size } = handle.getBoundingClientRect();
      down = { x: event.clientX, y: event.clientY, grip: held ? event.clientX - edge - size / 2 : 0 };
      follows = held || event.pointerType === "mouse";
      if (follows && !held) follow(event);
    });
    picture.addEventListener("pointermove", (event) => {
      if (!ours(event)) return;
      follows ||= Math.abs(event.clientX - down.x) > Math.abs(event.clientY - down.y);
      if (follows) follow(event);
    });
    picture.addEventListener("pointerup", (event) => ours(event) && !follows && follow(event));
    picture.addEventListener("lostpointercapture", () => (down = null));
    onKeys(handle, control, read, move);
    setAttr(picture, "role", "group");
    return {
      show: (x, y, label, told) => {
        const { lo, hi } = control();
        show(x, y);
        setAll(handle, {
          "aria-label": label, "aria-valuemin": lo, "aria-valuemax": hi, "aria-valuenow": read(), "aria-valuetext": told,
        });
      },
    };
  };

  const resized = new ResizeObserver(() => {
    width = element.clientWidth;
    setAttr(picture, "width", width);
    onresize();
  });
  resized.observe(element);
  return {
    element, legend, picture, put, rule, line, dots, guide, tangent, mark, point,
    xAt, pointed, numberAt, // where a number stands, in px from the left of the picture, and back
    get ends() { return { left, right, top, bottom }; }, // of the plot
    get ready() { return width > 0; },
    label: (words) => setAttr(picture, "aria-label", words),
    // Draws what stands while the point moves: again only when what it depends on, or the width, is another.
    standing: (key, draw) => {
      const now = `${width} ${key}`;
      if (drawn !== now) draw();
      drawn = now;
    },
    close: () => resized.disconnect(),
  };
};
