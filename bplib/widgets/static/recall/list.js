// A line that opens to a few questions of other chapters. They are loaded and chosen when it opens.
import { html, setText } from "../dom.js";
import { once, style } from "../python/script.js";
import { addReturned, page as here } from "../predict/bets.js";
import { fill, words } from "../words.js";
import { caseOf } from "./choose.js";
import { complete, questions, rightToday, todays, trouble } from "./questions.js";
import { AFTER, dayOf } from "./schedule.js";

const dated = (at) => new Date(at).toLocaleDateString("en", { day: "numeric", month: "long" });
// Where the page's own address counts from.
const home = document.documentElement.dataset.content_root ?? "";

const loadCards = async () => {
  await Promise.all(["live.css", "predict.css"].map(style)); // colours, and what a question looks like
  if (!window.bplib_predict) await once("predict.js");
};

export class List {
  #details;
  #told = html("p", { class: "bp-recall-note", role: "status" });
  #places = html("div", {});
  #round = 0; // how often others were asked for
  #choose;
  #changed;

  // `choose(all, seed)` returns the questions; `changed(right, made, n)` hears how many were answered.
  constructor(element, line, choose, changed = () => {}) {
    this.#details = element.querySelector("details");
    this.#choose = choose;
    this.#changed = changed;
    this.say(line);
    this.#details.append(this.#told, this.#places);
    this.#details.addEventListener("toggle", () => this.#details.open && !this.#places.firstChild && this.#draw());
  }

  // What stands in the line.
  say(line) {
    setText(this.#details.firstElementChild, line);
  }

  // Others, in the place of these.
  async again() {
    this.#round += 1;
    await this.#draw();
    this.#places.firstElementChild?.focus();
  }

  // What is kept has changed by other means.
  restore() {
    this.#places.replaceChildren();
    if (this.#details.open) this.#draw();
  }

  async #draw() {
    setText(this.#told, words.recall.loading);
    try {
      const today = dayOf(Date.now());
      const [all] = await Promise.all([questions(today), loadCards()]);
      const seed = `${here} ${today} ${this.#round}`;
      const chosen = this.#choose(all, seed);
      await complete(all, chosen);
      this.#places.replaceChildren(...chosen.map((question) => this.#card(question, today, seed, chosen)));
      this.#note();
      this.#count(chosen, today);
    } catch (error) {
      setText(this.#told, error.message);
    }
  }

  #card(question, today, seed, chosen) {
    const { page, title, href, name, spec, last, since, missed } = question;
    const from = since === undefined ? words.recall.from : words.recall.missed;
    const place = html("div", { class: "bp-recall-card", role: "group", tabindex: -1, "aria-label": fill(words.recall.from, { title }) });
    const link = html("a", { href: `${home}${href}#predict-${name}` }, words.recall.there);
    const there = html("p", { class: "bp-recall-note", hidden: !todays(question, today) }, link);
    const made = () => {
      this.#note();
      this.#count(chosen, today);
      there.hidden = false;
    };
    window.bplib_predict.ask(spec, place, {
      read: () => [todays(question, today) ?? []].flat(),
      add: (bet) => addReturned(page, name, bet),
      k: caseOf(spec.cases.length, last, `${seed} ${page} ${name}`),
      tag: fill(from, { title, date: missed && dated(missed) }),
      made,
    });
    place.append(there);
    return place;
  }

  #note() {
    const fault = { full: words.recall.full, refused: words.recall.refused }[trouble()];
    setText(this.#told, fault ?? fill(words.recall.how, { first: AFTER.slice(0, -1).join(", "), last: AFTER.at(-1) }));
  }

  #count(chosen, today) {
    const made = chosen.filter((question) => todays(question, today));
    this.#changed(made.filter((question) => rightToday(question, today)).length, made.length, chosen.length);
  }
}
