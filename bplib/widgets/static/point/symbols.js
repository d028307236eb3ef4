// Pointing at a symbol lights it wherever it is in sight: in formulas, in code and in figures. The lights lie over the
// page, so that nothing in it changes; a symbol that stands in one of the three only doesn't light.
import { html } from "../dom.js";
import { keyOf, mark } from "./spelling.js";

const REST = 120; // ms that a pointer stays before anything changes
const AROUND = 1; // px: no further, or it would mark what stands beside

const FORMULA = "mjx-math [data-symbol]";
const CODE = ".highlight :is(.n, .s1, .s2), code.literal";
// What names a quantity in a figure: a part that says so itself, or a label.
const NAMED = ".bp-live [data-symbol]";
const LABELS = ".bp-name, .bp-title, .bp-axis-x, .bp-axis-y, .bp-pill + .bp-written > :first-child, tbody th";

// How an element is spelled, by its kind.
const KINDS = {
  formula: { found: FORMULA, key: (element) => element.dataset.symbol },
  code: { found: CODE, key: (element) => keyOf(element.textContent) },
  figure: {
    found: `${NAMED}, .bp-live :is(${LABELS})`,
    key: (element) => keyOf(element.dataset.symbol ?? element.textContent),
  },
};

// What is folded has boxes too, and isn't there.
const inSight = (element) => element.checkVisibility();

// The elements of one key, by kind.
const allOf = (wanted) => {
  const isOne = (key) => (element) => key(element) === wanted && inSight(element);
  return Object.values(KINDS).map(({ found, key }) => [...document.querySelectorAll(found)].filter(isOne(key)));
};

// What is pointed at. The box of a node is pointed at with its title.
const keyAt = (target) => {
  const closest = (selector) => target.closest?.(selector);
  for (const { found, key } of Object.values(KINDS)) {
    const element = closest(found);
    if (element) return key(element);
  }
  const title = closest(".bp-live .bp-node")?.querySelector(".bp-title");
  return title ? KINDS.figure.key(title) : "";
};

// The boxes of some elements; what several nodes of a formula spell has one.
const boxesOf = (elements) => {
  const groups = new Map();
  for (const element of elements) {
    const id = element.dataset.group ?? element;
    groups.set(id, [...(groups.get(id) ?? []), element]);
  }
  return [...groups.values()].map((parts) => {
    const boxes = parts.map((part) => part.getBoundingClientRect());
    const side = (most, name) => most(...boxes.map((box) => box[name]));
    const [left, top] = ["left", "top"].map((name) => side(Math.min, name));
    const [right, bottom] = ["right", "bottom"].map((name) => side(Math.max, name));
    return { part: parts[0], left, top, right, bottom };
  });
};

// What is cut off, covered or outside the window is not to be seen.
const block = (element) => element?.closest("mjx-container, pre, .bp-bubble, .bp-live, p, li, td, dd");
const isSeen = ({ part, left, top, right, bottom }) => {
  if (!inSight(part)) return false; // a figure was drawn anew
  const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return !!seen && (seen.contains(part) || block(seen) === block(part));
};

export const symbols = () => {
  const { MathJax } = window;
  if (MathJax?.options) {
    const each = (math) => mark(math.root);
    // After a formula is read, before it is set.
    const action = [100, (doc) => [...doc.math].forEach(each), each];
    MathJax.options.renderActions = { ...MathJax.options.renderActions, bpSymbols: action };
  }
  const lights = html("div", { class: "bp-lights", "aria-hidden": "true" });
  document.body.append(lights);
  let lit = ""; // the key
  let boxed = [];
  let lines = []; // edges, whose boxes would say nothing
  let timer;
  let frame;

  const place = () => {
    frame = undefined;
    const from = lights.getBoundingClientRect();
    const seen = boxesOf(boxed).filter(isSeen);
    const alone = seen.length + lines.length < 2; // only what is pointed at
    lights.replaceChildren(...(alone ? [] : seen).map(({ left, top, right, bottom }) => {
      const light = html("div");
      Object.assign(light.style, {
        left: `${left - from.left - AROUND}px`, top: `${top - from.top - AROUND}px`,
        width: `${right - left + 2 * AROUND}px`, height: `${bottom - top + 2 * AROUND}px`,
      });
      return light;
    }));
  };
  const light = (key) => {
    clearTimeout(timer);
    if (key === lit) return;
    lines.forEach((line) => line.classList.remove("bp-lit"));
    [lit, boxed, lines] = ["", [], []];
    const found = key ? allOf(key) : [];
    if (found.filter((elements) => elements.length).length > 1) {
      lit = key;
      const isLine = (element) => element.matches(".bp-edge:not(.bp-pill)");
      [boxed, lines] = [found.flat().filter((e) => !isLine(e)), found.flat().filter(isLine)];
      lines.forEach((line) => line.classList.add("bp-lit"));
    }
    place();
  };
  const soon = (key) => {
    clearTimeout(timer);
    timer = setTimeout(light, REST, key);
  };

  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType !== "touch") soon(keyAt(target));
  });
  // A tap; where a finger scrolls, the browser cancels.
  document.addEventListener("pointerup", ({ target, pointerType }) => pointerType === "touch" && soon(keyAt(target)));
  document.documentElement.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && soon(""));
  // A part of a figure that the keyboard reaches.
  document.addEventListener("focusin", ({ target }) => target.matches(":focus-visible") && soon(keyAt(target)));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && light(""), true);
  const again = () => lit && (frame ??= requestAnimationFrame(place));
  addEventListener("scroll", again, { capture: true, passive: true });
  addEventListener("resize", again);
};
