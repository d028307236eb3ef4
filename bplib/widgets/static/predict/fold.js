// What gives an answer away stays folded until the reader has predicted: the next output, and the next paragraph. It
// opens for the browser's search, for an address that leads into it, and on paper; without scripts it never folds.
import { html } from "../dom.js";
import { words } from "../words.js";
import { hide } from "./hide.js";

const HEADING = "h1, h2, h3, h4, h5, h6, section";

// The output and the paragraph after the question's cell.
function after(cell) {
  const outputs = [...document.querySelectorAll(".bd-article .cell_output:not(.bp-output)")];
  const follows = (output) => cell.compareDocumentPosition(output) & Node.DOCUMENT_POSITION_FOLLOWING && !cell.contains(output);
  const output = outputs.find((output) => follows(output) && !output.querySelector(".bp-predict"));
  if (!output) return [];
  let next = output.closest(".cell").nextElementSibling;
  while (next?.matches(".cell:not(:has(.bp-predict))")) next = next.nextElementSibling;
  return [output, ...(next && !next.matches(`${HEADING}, .cell`) ? [next] : [])];
}

// Folds what follows an element of a question; `whole` shows everything on the page. Returns what opens it.
export const fold = (el, { opened, whole }) => {
  const folded = after(el.closest(".cell"));
  if (!folded.length) return () => {};
  const note = html("p", { class: "bp-fold" },
    words.predict.folded, " ",
    html("button", { type: "button", onclick: () => reveal() }, words.predict.show), " ",
    html("button", { type: "button", onclick: () => whole() }, words.predict.whole));
  const reveal = () => {
    open();
    opened();
    folded[0].tabIndex = -1;
    folded[0].focus({ preventScroll: true });
  };
  const open = () => {
    show();
    note.remove();
  };
  folded[0].before(note);
  const show = hide(folded, () => {
    note.remove();
    opened();
  });
  return open;
};
