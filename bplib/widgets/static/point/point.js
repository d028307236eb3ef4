// What pointing does on a page of text: at a word of the glossary, and at a symbol.
import { symbols } from "./symbols.js";
import { terms } from "./terms.js";

export const point = () => {
  symbols();
  terms(document.currentScript.src);
};
