// Every word that the interface shows stands in words.json, so that a translation is a file beside it (library.py).
import table from "./words.json" with { type: "json" };

export const words = table; // {part: {key: sentence}}

// A sentence with its places, {name}, filled.
export const fill = (sentence, parts) => sentence.replace(/\{(\w+)\}/g, (_, place) => parts[place]);

// The same as a list for say.js: a part is text, a number, or a list of text and coloured numbers.
export const pieces = (sentence, parts) =>
  sentence.split(/\{(\w+)\}/).flatMap((text, k) => (k % 2 === 0 ? text : Array.isArray(parts[text]) ? parts[text] : `${parts[text]}`));
