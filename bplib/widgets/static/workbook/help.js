// The help below an exercise: hints one after the other, the solution step by step once a reader has tried, and a
// sentence why once the check has said "Right". Without this module all of it is there to unfold.
import { html } from "../dom.js";
import { words } from "../words.js";

export const RIGHT = /^Right: /; // how a check begins that is content; bplib/checks.py writes it

// Returns the elements that stand right above one, of this kind, from the top.
function above(element, kind) {
  const found = [];
  for (let at = element.previousElementSibling; at?.matches(kind); at = at.previousElementSibling) found.unshift(at);
  return found;
}

// A hint behind another one comes when that has been opened.
function inTurn(hint) {
  hint.hidden = true;
  hint.previousElementSibling.addEventListener("toggle", () => (hint.hidden = false), { once: true });
}

function reveal(element) {
  element.hidden = false;
  element.tabIndex = -1; // it can be focused, so that reading goes on there
  element.focus({ preventScroll: true });
}

// The steps of a solution come one at a time. Before a reader has tried, a sentence stands in their place.
class Solution {
  #steps;
  #gate;
  #next = html("button", { type: "button", onclick: () => this.#step() }, words.help.next);

  constructor(details, sentence) {
    this.#steps = [...details.querySelectorAll(":scope > div")];
    this.#steps.forEach((step) => (step.hidden = true));
    const anyway = html("button", { type: "button", onclick: () => this.open() }, words.help.anyway);
    this.#gate = html("div", { class: "bp-gate" }, html("p", {}, sentence), anyway);
    this.#next.hidden = true;
    details.append(this.#gate, this.#next);
  }

  // A second call changes nothing.
  open() {
    if (this.#gate.hidden) return;
    const asked = this.#gate.contains(document.activeElement);
    this.#gate.hidden = true;
    this.#step(asked);
  }

  #step(focus = true) {
    const step = this.#steps.shift();
    if (focus) reveal(step);
    else step.hidden = false;
    this.#next.hidden = !this.#steps.length;
  }
}

// Sets up the help on a page. An answer in words is tried when enough stands in its field. Returns a function to call
// when a cell has run, or what was kept of it is shown again: with the cell, and what it printed.
export const help = (cells, fields) => {
  document.querySelectorAll("details.bp-hint + details.bp-hint").forEach(inTurn);
  const exercises = [...document.querySelectorAll("details.bp-solution")].map((details) => {
    const hints = above(details, "details.bp-hint");
    const [check] = above(hints[0] ?? details, ".cell").slice(-1);
    const at = cells.findIndex(({ element }) => element === check);
    const field = fields.find(({ element }) => element === (hints[0] ?? details).previousElementSibling);
    const why = details.nextElementSibling?.matches("details.bp-why") ? details.nextElementSibling : undefined;
    if (why) why.hidden = at >= 0;
    const sentence = at >= 0 ? words.help.first : field ? words.help.words : words.help.paper;
    const solution = new Solution(details, sentence);
    if (field) field.whenTried = () => solution.open();
    return { own: cells.slice(Math.max(at - 1, 0), at + 1), why, solution };
  });
  return (cell, printed) => {
    for (const { own, why, solution } of exercises.filter(({ own }) => own.includes(cell))) {
      if (own[0].changed) solution.open();
      if (why && cell === own.at(-1) && RIGHT.test(printed)) {
        why.hidden = false;
        why.open = true;
      }
    }
  };
};
