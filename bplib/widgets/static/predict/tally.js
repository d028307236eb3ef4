// The summary, before a chapter's exercises or at a page's end: how many predictions were right at the first bet, and where the reader was sure and wrong.
import { html } from "../dom.js";
import { fill, words } from "../words.js";
import { forget } from "./bets.js";
import { rich } from "./rich.js";

const FEWEST = 2; // one prediction needs no summary

export class Tally {
  #all; // gives the predictions, each with { name, question, outcome }
  #element = html("section", { class: "bp-predict bp-bets", "aria-label": words.predict.tally });

  constructor(all) {
    this.#all = all;
  }

  update() {
    const all = this.#all();
    if (all.length < FEWEST) return;
    if (!this.#element.isConnected) this.#place();
    const made = all.filter(({ outcome }) => outcome);
    const right = made.filter(({ outcome }) => outcome.right).length;
    const missed = made.filter(({ outcome: { sure, right } }) => sure === "sure" && !right);
    const sentence = !made.length ? words.predict.unmade : made.length < all.length ? words.predict.some : words.predict.all;
    const links = missed.map(({ name, question }) => html("li", {}, html("a", { href: `#predict-${name}` }, ...rich(question))));
    this.#element.replaceChildren(
      html("p", {}, html("span", { class: "bp-tag" }, words.predict.tally), " ",
        fill(sentence, { right, made: made.length, n: all.length, left: all.length - made.length })),
      ...(links.length ? [html("p", {}, words.predict.missed), html("ul", {}, ...links)] : []),
      ...(made.length ? [html("button", { type: "button", onclick: () => this.#forget() }, words.predict.forget)] : []),
    );
  }

  #place() {
    const exercises = document.querySelector("#exercises");
    if (exercises) exercises.before(this.#element);
    else document.querySelector(".bd-article")?.append(this.#element);
  }

  #forget() {
    forget(this.#all().map(({ name }) => name)); // the page hears of it
  }
}
