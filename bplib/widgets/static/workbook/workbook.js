// The workbook: each cell of code on a page can be run, changed, run again, and put back.
import { html, setText } from "../dom.js";
import { fill, words } from "../words.js";
import { open } from "./editor.js";
import { help } from "./help.js";
import { Output } from "./output.js";
import { asked, python, size } from "./python.js";

class Cell {
  ran; // the text that ran last, in the Python that runs now
  #editor;
  #book; // the book's text
  #parts; // what stands in the bar
  #stored; // the output that the book stores, if there is any
  #shown; // the output of the last run

  constructor(element, number, workbook) {
    this.element = element;
    this.input = element.querySelector(".cell_input");
    this.name = fill(words.workbook.cell, { number });
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
    const bar = html("div", { class: "bp-bar", role: "group", "aria-label": this.name }, ...Object.values(this.#parts));
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

  // What the button says before Python is here: what it costs.
  offer() {
    setText(this.#parts.run, asked() ? words.workbook.run : fill(words.workbook.first, { size }));
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
      this.text = text;
      this.#parts.reset.hidden = false;
    };
    this.#editor = await open(place, this.text, { changed, run });
    this.input.hidden = true;
    this.input.after(place);
    this.say(words.workbook.leave);
    this.#editor.focus();
  }

  #reset() {
    this.#editor?.set(this.#book);
    this.text = this.#book;
    this.#shown.hidden = true;
    if (this.#stored) this.#stored.hidden = false;
    this.#parts.reset.hidden = true;
    this.say("");
    this.#parts.run.focus();
  }
}

class Workbook {
  #cells;
  #ran; // tells the help below an exercise

  constructor(elements) {
    this.#cells = elements.map((element, k) => new Cell(element, k + 1, this));
    this.#ran = help(this.#cells);
    this.#offer();
  }

  #offer() {
    this.#cells.forEach((cell) => cell.offer());
  }

  // Runs a cell, and before it those above that haven't run as they stand.
  async run(cell) {
    const above = this.#cells.slice(0, this.#cells.indexOf(cell)).filter(({ ran, text }) => ran !== text);
    const say = (sentence) => cell.say(sentence);
    let show = cell.begin((message, place) => window.bplib_python.draw(message, place));
    try {
      const loading = python(say);
      this.#offer();
      const running = await loading;
      for (const [k, earlier] of above.entries()) {
        say(fill(words.workbook.above, { k: k + 1, n: above.length }));
        let failed;
        const hear = (message) => (failed = message.kind === "error" && !message.absent ? message : failed);
        const outcome = await this.#runOne(running, earlier, hear);
        if (outcome.stopped || outcome.broken) return say(words.workbook.stopped);
        if (failed && !earlier.mayFail) {
          show(failed);
          return say(fill(words.workbook.failed, { cell: earlier.name }));
        }
      }
      say(words.workbook.running);
      const { stopped } = await this.#runOne(running, cell, show);
      say(stopped ? words.workbook.stopped : "");
      this.#ran(cell, cell.printed);
    } catch (error) {
      say(error.message);
    } finally {
      cell.end();
    }
  }

  async #runOne(running, cell, hear) {
    const { text: code, name } = cell;
    const outcome = await running.run([{ code, name }], hear);
    if (outcome.stopped || outcome.broken) this.#cells.forEach((each) => (each.ran = undefined));
    else cell.ran = code;
    return outcome;
  }

  stop() {
    window.bplib_python?.restart();
  }
}

export const workbook = () => {
  return new Workbook([...document.querySelectorAll(".bd-article .cell:has(pre)")]);
};
