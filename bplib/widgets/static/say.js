// Sentences with coloured numbers: a list of strings and of [class, text] for what is coloured.
import { html } from "./dom.js";
import { fmt } from "./format.js";

export const say = (element, sentence) =>
  element.replaceChildren(...sentence.map((part) => (typeof part === "string" ? part : html("span", { class: part[0] }, part[1]))));

export const blue = (x) => ["bp-value", fmt(x)];
export const red = (x, bracket) => ["bp-grad", bracket ? bracketed(x) : fmt(x)];
export const bracketed = (x) => (x < 0 ? `(${fmt(x)})` : fmt(x));
