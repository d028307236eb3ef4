// Sentences with coloured numbers: a list of strings and of [class, text] for what is coloured.
import { html, setAttr, setText } from "./dom.js";
import { fmt } from "./format.js";

export const WIDE = -1.23456e-10; // as wide as a number is written
export const WIDEST = fmt(WIDE);

// Three digits are shown, and all of them where one points.
export const DIGITS = 3;
export const brief = (element, x) => {
  setText(element, fmt(x, DIGITS));
  setAttr(element, "title", fmt(x));
};

// A line that changes while a control moves: `line` takes the words, and `keep` the longest that may come, with
// WIDEST for its numbers. The element has room for them.
export const caption = (className = "", tag = "p", role) => {
  const line = html("span");
  const element = html(tag, { class: `bp-roomy ${className}`.trim(), role }, line);
  return { element, line, keep: (longest) => setAttr(element, "data-longest", longest) };
};

// Of some texts the longest.
export const longest = (texts) => texts.reduce((a, b) => (b.length > a.length ? b : a));

export const say = (element, sentence) =>
  element.replaceChildren(...sentence.map((part) => (typeof part === "string" ? part : html("span", { class: part[0] }, part[1]))));

export const blue = (x) => ["bp-value", fmt(x)];
export const red = (x, bracket) => ["bp-grad", bracket ? bracketed(x) : fmt(x)];
export const bracketed = (x, digits) => (x < 0 ? `(${fmt(x, digits)})` : fmt(x, digits));
