// The line above the first cell: Python and the reader's answers, folded. It opens to what running costs, where answers
// are kept, and what can be done with all of them; what must be said stands below it, open or not.
import { html, setText } from "../dom.js";
import { fill, words } from "../words.js";
import { read, save, write } from "./file.js";
import { EDITION, MINE, isOfCell as fitsCell } from "./kept.js";
import { notebook } from "./notebook.js";
import { size } from "./python.js";

export const date = (at) => {
  const day = new Date(at);
  return Number.isNaN(day.getTime()) ? words.kept.noDate : day.toLocaleDateString("en", { dateStyle: "long" });
};

const button = (name, title, onclick) => html("button", { type: "button", title, onclick }, name);
const shown = (name, text, open = false) =>
  html("details", { open }, html("summary", {}, name), html("pre", { tabindex: 0 }, text));

// Predictions, summaries from memory and tools of the reader's are kept beside the cells, and are told of by their number.
const isOfCell = ({ page, entry }) => page !== MINE && (!entry || fitsCell(entry));
const besides = (found) => {
  const n = (is) => found.filter(is).length;
  const told = {
    bets: n(({ entry }) => entry?.bets ?? entry?.returned),
    summaries: n(({ entry }) => entry?.memory),
    pieces: n(({ page }) => page === MINE),
  };
  const sentences = { bets: words.kept.bets, summaries: words.kept.summaries, pieces: words.mine.number };
  return Object.keys(told).filter((kind) => told[kind]).map((kind) => ` ${fill(sentences[kind], { n: told[kind] })}`).join("");
};

export class Desk {
  element;
  #kept;
  #page; // { page, cells: [id], runs: whether cells can be run, notebook: whether there is one to hand in }
  #does; // { texts(): Map, name(id), take(found), forget(), again() }
  #parts;

  constructor(kept, page, does) {
    this.#kept = kept;
    this.#page = page;
    this.#does = does;
    const input = html("input", { type: "file", accept: ".json", hidden: true, onchange: () => this.#open(input) });
    const buttons = html(
      "p",
      { class: "bp-cell-bar" },
      button(words.kept.save, words.kept.saveTitle, () => this.#save()),
      button(words.kept.open, words.kept.openTitle, () => input.click()),
      page.notebook ? button(words.kept.notebook, words.kept.notebookTitle, () => this.#notebook()) : "",
      button(words.kept.forget, words.kept.forgetTitle, () => this.#ask()),
      input,
    );
    this.#parts = {
      folded: html("summary"),
      cost: html("span", {}, page.runs ? fill(words.kept.cost, { size }) : words.kept.still),
      again: button(words.kept.again, words.kept.againTitle, does.again),
      where: html("p", {}),
      trouble: html("p", { class: "bp-trouble", role: "status" }),
      told: html("p", { role: "status" }),
      panel: html("div", {}),
    };
    this.#parts.again.hidden = true;
    const { folded, cost, again, where, trouble, told, panel } = this.#parts;
    const label = { class: "bp-desk", "aria-label": words.kept.label };
    const all = html("details", {}, folded, html("p", {}, cost, " ", again), where, buttons);
    this.element = html("section", label, all, trouble, told, panel);
    this.refresh();
    this.#offerRest();
  }

  // Takes a folded cell of imports in: what it needs of a line is said by this one.
  hold(cell) {
    cell.querySelector("details").open = true;
    this.element.firstChild.append(cell);
  }

  say(sentence) {
    setText(this.#parts.told, sentence);
  }

  // Python is here.
  loaded(sentence) {
    setText(this.#parts.cost, sentence);
    this.#parts.again.hidden = false;
    this.refresh();
  }

  // Says how things stand: whether Python runs, where answers are kept, and how many of this page.
  refresh() {
    const { folded, again, where, trouble } = this.#parts;
    const { page, cells } = this.#page;
    const fault = { full: words.kept.full, refused: words.kept.refused }[this.#kept.trouble] ?? "";
    const n = fault ? 0 : cells.filter((cell) => this.#kept.get(page, cell)).length;
    const python = again.hidden ? fill(words.kept.pythonCosts, { size }) : words.kept.pythonRuns;
    setText(folded, fill(words.kept.folded, { python, answers: n ? fill(words.kept.some, { n }) : words.kept.none }));
    const place = location.protocol === "file:" ? words.kept.inFolder : words.kept.inBrowser;
    setText(trouble, fault);
    setText(where, fault ? "" : place);
  }

  // What was kept for this page and fits none of its cells is shown as text.
  #offerRest() {
    const { page, cells } = this.#page;
    const fits = ({ cell, entry }) => entry && (cells.includes(cell) || !isOfCell({ entry }));
    const rest = this.#kept.all().filter((each) => each.page === page && !fits(each));
    if (!rest.length) return;
    const name = ({ edition, cell }) => (edition === EDITION ? cell : fill(words.kept.oldCell, { cell, edition }));
    const text = ({ raw, entry }) => entry?.text ?? raw;
    this.#parts.panel.append(
      html("p", {}, fill(words.kept.rest, { n: rest.length })),
      ...rest.map((each) => shown(name(each), text(each))),
    );
  }

  #save() {
    const found = this.#kept.all();
    save("backpropagation-live-answers.json", write(this.#kept));
    const pages = new Set(found.filter(({ page }) => page !== MINE).map(({ page }) => page)).size;
    this.say(fill(words.kept.saved, { cells: found.filter(isOfCell).length, pages }) + besides(found));
  }

  async #notebook() {
    try {
      const { name, text } = await notebook(this.#page.page, this.#does.texts());
      save(name, text, "application/x-ipynb+json");
      this.say(fill(words.kept.handIn, { name }));
    } catch {
      this.say(words.kept.noNotebook);
    }
  }

  async #open(input) {
    const [file] = input.files;
    if (!file) return;
    input.value = ""; // the same file may be opened again
    try {
      this.#offer(file.name, read(await file.text(), file.name));
      this.say("");
    } catch (error) {
      this.say(error.message);
    }
  }

  // Shows what a file holds; it waits for a click.
  #offer(name, { saved, found, rest }) {
    const here = ({ page }) => page === this.#page.page;
    const label = ({ page, cell }) => {
      if (page === MINE) return fill(words.mine.name, { piece: cell });
      return here({ page }) ? this.#does.name(cell) : fill(words.kept.other, { page, cell });
    };
    const { panel } = this.#parts;
    const take = () => {
      this.#does.take(found);
      panel.replaceChildren();
      this.say(fill(words.kept.taken, { n: found.filter(isOfCell).length }) + besides(found));
    };
    const texts = found.filter(({ entry }) => entry.text !== undefined);
    panel.replaceChildren(
      html("p", { tabindex: -1 }, fill(words.kept.offer, { name, date: date(saved), n: found.filter(isOfCell).length }) + besides(found)),
      ...texts.map((each) => shown(label(each), each.entry.text, here(each))),
      ...rest.map((text) => shown(words.kept.unusable, text)),
      html(
        "p",
        { class: "bp-cell-bar" },
        found.length ? button(words.kept.take, words.kept.takeTitle, take) : "",
        button(words.kept.leave, words.kept.leaveTitle, () => panel.replaceChildren()),
      ),
    );
    panel.firstChild.focus();
  }

  // Asks before everything is forgotten.
  #ask() {
    const forget = () => {
      dialog.close();
      this.#does.forget();
      this.#parts.panel.replaceChildren();
      this.say(words.kept.forgotten);
    };
    const found = this.#kept.all();
    const dialog = html(
      "dialog",
      { class: "bp-dialog", "aria-label": words.kept.forget, onclose: () => dialog.remove() },
      html("p", {}, fill(words.kept.sure, { n: found.filter(isOfCell).length }) + besides(found)),
      html(
        "p",
        { class: "bp-cell-bar" },
        button(words.kept.no, words.kept.noTitle, () => dialog.close()),
        button(words.kept.yes, words.kept.yesTitle, forget),
      ),
    );
    this.element.append(dialog);
    dialog.showModal();
  }
}
