// The workbook: each cell of code on a page can be run, changed, run again, and put back, and each answer in words has
// its field. What a reader writes is kept.
import { html, setText } from "../dom.js";
import { fill, words } from "../words.js";
import { date, Desk } from "./desk.js";
import { open } from "./editor.js";
import { RIGHT, help } from "./help.js";
import { shared, tellPage } from "./kept.js";
import { Pieces } from "./mine.js";
import { Output } from "./output.js";
import { Prose } from "./prose.js";
import { asked, python, size } from "./python.js";

class Cell {
  ran; // the text that ran last, in the Python that runs now
  #editor;
  #plain; // where the reader's text stands until an editor is opened
  #keep; // takes { text, right, from } to be kept
  #right; // the sentence with which this check said Right last
  #book; // the book's text
  #parts; // what stands in the bar
  #stored; // the output that the book stores, if there is any
  #shown; // the output of the last run
  #foreign = false; // whether the text came in a file and was not run since

  constructor(element, id, number, workbook) {
    this.element = element;
    this.input = element.querySelector(".cell_input");
    this.id = id;
    this.name = fill(words.workbook.cell, { number });
    this.#keep = (entry) => workbook.keep(this, entry);
    this.text = this.#book = this.input.querySelector("pre").textContent.replace(/\n$/, "");
    this.mayFail = element.classList.contains("tag_raises-exception");
    this.#stored = element.querySelector(".cell_output");
    this.#shown = html("div", { class: "cell_output bp-output", hidden: true });
    const button = (name, title, does, hidden = false) =>
      html("button", { type: "button", onclick: does, hidden, title }, name);
    const run = () => workbook.run(this);
    this.#parts = {
      run: button(words.workbook.run, words.workbook.runTitle, run),
      stop: button(words.workbook.stop, words.workbook.stopTitle, () => workbook.stop(), true),
      edit: button(words.workbook.edit, words.workbook.editTitle, () => this.#edit(run)),
      reset: button(words.workbook.reset, words.workbook.resetTitle, () => this.#reset(), true),
      status: html("span", { class: "bp-status", role: "status" }),
    };
    const label = { class: "bp-cell-bar", role: "group", "aria-label": this.name };
    const bar = html("div", label, ...Object.values(this.#parts));
    this.input.after(bar);
    bar.after(this.#shown);
  }

  get changed() {
    return this.text !== this.#book;
  }

  // What the last run printed first.
  get printed() {
    return this.#shown.querySelector(".stdout")?.textContent ?? "";
  }

  say(sentence) {
    setText(this.#parts.status, sentence);
  }

  get book() {
    return this.#book;
  }

  // Whether a reader has to look at the text before it may run with others.
  get unread() {
    return this.#foreign;
  }

  // What the button does, and before Python is here what it costs.
  offer() {
    this.#parts.run.title = asked() ? words.workbook.runTitle : fill(words.workbook.runFirst, { size });
  }

  // Shows what was kept of this cell, or else the book's text.
  restore(entry) {
    const { at, text, right, from } = entry ?? {};
    this.#foreign = from === "file";
    this.#right = right;
    this.text = text ?? this.#book;
    if (this.#editor) this.#editor.set(this.text);
    else this.#showPlain(text);
    this.#showBooks();
    this.#parts.reset.hidden = text === undefined;
    const told = [
      text === undefined ? "" : fill(this.#foreign ? words.kept.file : words.kept.own, { date: date(at) }),
      right === undefined ? "" : fill(words.kept.right, { date: date(at), sentence: right }),
    ];
    this.say(told.filter(Boolean).join(" "));
  }

  #showPlain(text) {
    this.#plain?.remove();
    this.input.hidden = text !== undefined;
    if (text === undefined) return;
    this.#plain = html("div", { class: "bp-plain" }, html("pre", { tabindex: 0 }, text));
    this.input.after(this.#plain);
  }

  #showBooks() {
    this.#shown.hidden = true;
    if (this.#stored) this.#stored.hidden = false;
  }

  // The cell has run for its reader, and as a check it said Right, or it did not.
  judged(right) {
    if (right === this.#right && !this.#foreign) return;
    this.#foreign = false;
    this.#right = right;
    this.#put();
  }

  #put() {
    const text = this.text === this.#book ? undefined : this.text;
    this.#keep({ text, right: this.#right, from: this.#foreign ? "file" : undefined });
  }

  // Adds a question below what the run has shown.
  ask(question) {
    this.#shown.append(question);
  }

  // From now on the run's own output is shown, in place of the book's.
  begin(draw) {
    this.#parts.stop.hidden = false;
    this.#parts.run.disabled = true;
    this.#shown.replaceChildren();
    this.#shown.hidden = false;
    this.#parts.reset.hidden = false;
    if (this.#stored) this.#stored.hidden = true;
    const output = new Output(this.#shown, draw);
    return (message) => {
      if (message.absent && this.#stored) this.#stored.hidden = false; // the stored picture stays
      output.hear(message);
    };
  }

  end() {
    this.#parts.stop.hidden = true;
    this.#parts.run.disabled = false;
  }

  async #edit(run) {
    this.#parts.edit.hidden = true;
    const place = html("div", { class: "bp-editor" });
    const changed = (text) => {
      if (text === this.text) return; // it was set, not written
      this.text = text;
      this.#foreign = false;
      this.#parts.reset.hidden = false;
      this.#put();
    };
    this.#editor = await open(place, this.text, { changed, run });
    this.#plain?.remove();
    this.input.hidden = true;
    this.input.after(place);
    if (matchMedia("(any-hover: hover)").matches) this.say(words.workbook.leave); // a finger has no Esc
    this.#editor.focus();
  }

  #reset() {
    this.restore();
    this.#put();
    this.#parts.run.focus();
  }
}

class Workbook {
  #cells;
  #fields; // for answers in words
  #desk;
  #kept = shared();
  #pieces = new Pieces(this.#kept);
  #page;
  #ran; // tells the help below an exercise

  // `page` says what tools/page_python.py wrote of the page: { page, cells: the ids of its cells that run, pieces: what
  // is kept of them as tools of the reader's, names by ids, notebook }.
  constructor(elements, fields, page) {
    this.#page = page;
    this.#cells = page.cells.map((id, k) => new Cell(elements[k], id, k + 1, this));
    this.#fields = fields.map((element) => new Prose(element, this));
    this.#ran = help(this.#cells, this.#fields);
    const known = { ...page, runs: this.#cells.length > 0, cells: this.#all.map(({ id }) => id) };
    this.#desk = new Desk(this.#kept, known, {
      texts: () => new Map(this.#all.filter(({ text, book }) => text !== book).map(({ id, text }) => [id, text])),
      name: (id) => this.#all.find((cell) => cell.id === id)?.name ?? id,
      take: (found) => this.#take(found),
      forget: () => this.#forget(),
      again: () => this.#again(),
    });
    // Not above folded code, where a chapter's first figure is to stand.
    const open = elements.find((element) => !element.querySelector("details.above-input")) ?? fields[0];
    if (open) open.before(this.#desk.element);
    else elements.at(-1).after(this.#desk.element);
    this.#offer();
    this.#restore();
  }

  // All that a reader writes in.
  get #all() {
    return [...this.#cells, ...this.#fields];
  }

  #offer() {
    this.#cells.forEach((cell) => cell.offer());
  }

  #restore() {
    for (const cell of this.#all) {
      const entry = this.#kept.get(this.#page.page, cell.id);
      if (entry) cell.restore(entry);
      if (entry) this.#ran(cell, entry.right ?? "");
    }
  }

  keep(cell, entry) {
    this.#kept.put(this.#page.page, cell.id, { at: new Date().toISOString(), ...entry });
    this.#desk.refresh();
  }

  // Keeps what a file said, and shows what of it belongs to this page.
  #take(found) {
    for (const { page, cell, entry } of found) {
      this.#kept.put(page, cell, { ...entry, from: entry.text === undefined ? undefined : "file" });
    }
    this.#desk.refresh();
    this.#restore();
    tellPage();
  }

  #forget() {
    this.#kept.forget();
    this.#desk.refresh();
    this.#all.forEach((cell) => cell.restore());
    tellPage();
  }

  async #again() {
    await this.stop();
    this.#cells.forEach((cell) => (cell.ran = undefined));
    this.#desk.say(words.kept.againDone);
  }

  // Runs a cell, and before it those above that haven't run as they stand.
  async run(cell) {
    const before = this.#cells.slice(0, this.#cells.indexOf(cell));
    const pieces = this.#pieces.used([...before, cell]);
    if (pieces.changed) before.filter((each) => pieces.isIn(each)).forEach((each) => (each.ran = undefined));
    const above = before.filter(({ ran, text }) => ran !== text);
    const say = (sentence) => cell.say(sentence);
    const again = () => this.run(cell);
    const draw = cell.begin((message, place) => window.bplib_python.draw(message, place));
    let broken;
    const show = (message) => {
      if (message.piece) broken = message;
      draw(message);
    };
    const doubt = (stopped) => {
      const question = pieces.doubt(broken, stopped, again);
      if (question) cell.ask(question);
    };
    try {
      if (pieces.unread) {
        cell.ask(pieces.unread(again));
        return say(words.mine.waits);
      }
      const loading = python(say);
      this.#offer();
      const running = await loading;
      this.#desk.loaded(fill(words.kept.runs, running.versions));
      const unread = above.find((earlier) => earlier.unread);
      if (unread) return say(fill(words.workbook.unread, { cell: unread.name }));
      await pieces.bring(running);
      for (const [k, earlier] of above.entries()) {
        say(fill(words.workbook.above, { k: k + 1, n: above.length }));
        let failed;
        const hear = (message) => (failed = message.kind === "error" && !message.absent ? message : failed);
        const outcome = await this.#runOne(running, earlier, hear);
        if (outcome.stopped || outcome.broken) {
          doubt(true);
          return say(words.workbook.stopped);
        }
        if (failed && !earlier.mayFail) {
          show(failed);
          doubt(false);
          return say(fill(words.workbook.failed, { cell: earlier.name }));
        }
      }
      say(words.workbook.running);
      const { stopped, told } = await this.#runOne(running, cell, show);
      say(stopped ? words.workbook.stopped : told);
      doubt(stopped);
      this.#ran(cell, cell.printed);
    } catch (error) {
      say(error.message);
    } finally {
      cell.end();
    }
  }

  async #runOne(running, cell, hear) {
    const { text: code, name } = cell;
    let right;
    const outcome = await running.run([{ code, name }], (message) => {
      if (message.stream === "stdout" && RIGHT.test(message.text)) right = message.text.trim();
      hear(message);
    });
    if (outcome.stopped || outcome.broken) {
      this.#cells.forEach((each) => (each.ran = undefined));
    } else {
      cell.ran = code;
      cell.judged(right);
    }
    return { ...outcome, told: right ? await this.#keepPiece(running, cell) : "" };
  }

  // Keeps the answer above a check that said Right, if it is a piece and stands alone; returns what is to be said of it.
  async #keepPiece(running, check) {
    const answer = this.#cells[this.#cells.indexOf(check) - 1];
    const piece = this.#page.pieces[answer?.id];
    if (!piece) return "";
    const names = await this.#pieces.lacks(running, answer.ran);
    if (names) return fill(words.mine.lacks, { piece, names });
    if (!this.#pieces.keep(piece, answer.ran)) return "";
    this.#desk.refresh();
    return fill(words.mine.made, { piece, all: this.#pieces.names.join(", ") });
  }

  async stop() {
    await window.bplib_python?.restart();
  }
}

export const workbook = () => {
  const page = JSON.parse(document.getElementById("bp-cells").textContent);
  const all = (selector) => [...document.querySelectorAll(`.bd-article ${selector}`)];
  return new Workbook(all(".cell:has(.cell_input)"), all(".bp-words"), page);
};
