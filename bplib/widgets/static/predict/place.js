// Handles to put at heights: dragged, tapped to, or moved by arrow keys. In place of drawing one may choose a picture.
import { html, setAttr, svg, uniqueId } from "../dom.js";
import { fmt } from "../format.js";
import { fill, words } from "../words.js";
import { features, levelOf } from "./judge.js";

const STOPS = 40; // of a handle
const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5, Home: -STOPS, End: STOPS };
const DIGITS = 3;

export const name = ({ handles }, bet) =>
  handles.map(([name], k) => fill(words.predict.placed, { name, y: fmt(bet[k], DIGITS) })).join("; ");

// What a line does from one handle to the next, in words.
const shape = (heights, level) =>
  heights.slice(1).map((b, k) => {
    const { order } = features([heights[k], b], level);
    return [words.predict.falls, words.predict.level, words.predict.rises][1 + order[0]];
  }).join(", ");

// Where handles stand in a picture of this size.
const placed = ({ handles, y: [lo, hi] }, width, height, pad) => {
  const xs = handles.map(([, x]) => x);
  const [first, last] = [xs[0], xs.at(-1)];
  return {
    xs: xs.map((x) => pad + ((x - first) / (last - first)) * (width - 2 * pad)),
    y: (value) => pad / 2 + ((hi - value) / (hi - lo)) * (height - pad),
    value: (y) => hi - ((y - pad / 2) / (height - pad)) * (hi - lo),
  };
};
const points = ({ xs, y }, heights) => xs.map((x, k) => `${x.toFixed(1)},${y(heights[k]).toFixed(1)}`).join(" ");

const [WIDTH, HEIGHT, PAD] = [340, 170, 44]; // so that letters stay legible on a phone
const [SMALL, LOW, EDGE] = [92, 52, 12];

export const ask = (el, asked, { changed }) => {
  const { handles, pictures, y: [lo, hi] } = asked;
  const at = placed(asked, WIDTH, HEIGHT, PAD);
  const step = (hi - lo) / STOPS;
  const start = handles.map(() => (lo < 0 && hi > 0 ? 0 : (lo + hi) / 2));
  const snapped = (y) => Number((lo + Math.round((Math.min(hi, Math.max(lo, y)) - lo) / step) * step).toPrecision(12));
  let heights = start;
  let touched = false;
  let open = true;

  const rule = (y, text) => [
    svg("line", { class: "bp-rule", x1: 0, x2: WIDTH, y1: at.y(y), y2: at.y(y) }),
    svg("text", { class: "bp-mark", x: 0, y: at.y(y) - 4 }, text),
  ];
  const marks = [lo, ...(lo < 0 && hi > 0 ? [0] : []), hi].flatMap((y) => rule(y, fmt(y, DIGITS)));
  const line = svg("polyline", { class: "bp-mine" });
  const truth = svg("g", { class: "bp-so" });
  const stay = (event) => event.preventDefault(); // a finger pulls the handle, not the page: in SVG touch-action is not enough
  const grips = handles.map(([name], k) =>
    svg("g", { class: "bp-grip", role: "slider", tabindex: 0, "aria-label": fill(words.predict.handle, { name }), "aria-orientation": "vertical",
      "aria-valuemin": lo, "aria-valuemax": hi, onkeydown: (event) => press(event, k), onpointerdown: (event) => grab(event, k), ontouchmove: stay },
      svg("circle", { class: "bp-reach", r: 22 }), svg("circle", { class: "bp-dot", r: 9 })));
  const names = handles.map(([name], k) => svg("text", { class: "bp-mark", x: at.xs[k], y: HEIGHT + 14, "text-anchor": "middle" }, name));
  const picture = svg("svg", { class: "bp-draw", viewBox: `0 0 ${WIDTH} ${HEIGHT + 22}`, role: "group", "aria-label": words.predict.label, onclick: tap },
    ...marks, line, truth, ...names, ...grips);

  const group = uniqueId("pictures");
  const radios = pictures.map((each, k) => html("input", { type: "radio", name: group, "aria-label": fill(words.predict.picture, { k: k + 1, shape: shape(each, levelOf(asked.y)) }),
    onchange: () => put(each.map(snapped)) }));
  const small = placed(asked, SMALL, LOW, EDGE);
  const options = pictures.map((each, k) => html("label", {}, radios[k],
    svg("svg", { viewBox: `0 0 ${SMALL} ${LOW}`, "aria-hidden": "true" },
      ...(lo < 0 && hi > 0 ? [svg("line", { class: "bp-rule", x1: 4, x2: SMALL - 4, y1: small.y(0), y2: small.y(0) })] : []),
      svg("polyline", { class: "bp-mine", points: points(small, each) }))));
  const chosen = html("fieldset", { class: "bp-pictures" }, html("legend", {}, words.predict.pictures), ...options);

  function put(next) {
    if (!open) return;
    heights = next;
    touched = true;
    draw();
    changed();
  }
  const set = (k, y) => {
    radios.forEach((radio) => (radio.checked = false));
    put(heights.with(k, snapped(y)));
  };
  function press(event, k) {
    const by = KEYS[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    set(k, heights[k] + by * step);
  }
  const spot = ({ clientX, clientY }) => {
    const box = picture.getBoundingClientRect();
    return { x: ((clientX - box.left) / box.width) * WIDTH, y: at.value(((clientY - box.top) / box.width) * WIDTH) };
  };
  function grab(event, k) {
    const grip = grips[k];
    grip.setPointerCapture(event.pointerId);
    const move = (moved) => set(k, spot(moved).y);
    grip.addEventListener("pointermove", move);
    const end = () => grip.removeEventListener("pointermove", move);
    grip.addEventListener("pointerup", end, { once: true });
    grip.addEventListener("pointercancel", end, { once: true });
  }
  // A tap puts the nearest handle to where it was; at a handle it changes nothing.
  function tap(event) {
    if (event.target.closest(".bp-grip")) return;
    const { x, y } = spot(event);
    const distances = at.xs.map((each) => Math.abs(each - x));
    set(distances.indexOf(Math.min(...distances)), y);
  }
  function draw() {
    setAttr(line, "points", points(at, heights));
    grips.forEach((grip, k) => {
      setAttr(grip, "transform", `translate(${at.xs[k].toFixed(1)} ${at.y(heights[k]).toFixed(1)})`);
      setAttr(grip, "aria-valuenow", heights[k]);
      setAttr(grip, "aria-valuetext", fmt(heights[k], DIGITS));
    });
  }

  draw();
  el.append(html("div", { class: "bp-place" }, picture, chosen));
  return {
    read: () => (touched ? { bet: heights } : { fault: words.predict.draw }),
    // With the answer beside it a bet stays as it is.
    show(bet, answer) {
      heights = bet ?? start;
      open = false;
      radios.forEach((radio, k) => (radio.checked = bet !== null && pictures[k].map(snapped).every((y, i) => y === bet[i])));
      draw();
      setAttr(line, "visibility", bet === null ? "hidden" : null);
      grips.forEach((grip) => {
        setAttr(grip, "aria-disabled", "true");
        setAttr(grip, "visibility", bet === null ? "hidden" : null);
      });
      truth.replaceChildren(svg("polyline", { points: points(at, answer) }),
        ...answer.map((y, k) => svg("rect", { x: at.xs[k] - 6, y: at.y(y) - 6, width: 12, height: 12 })));
      el.firstChild.append(html("p", { class: "bp-note" }, words.predict.key));
    },
    focus: () => grips[0].focus(),
  };
};
