// A field for an answer in words, where the student's notebook has a cell for it. What is written is text and
// nothing else: the page shows it in the field only.
import { html, setText, uniqueId } from "../dom.js";
import { fill, words } from "../words.js";
import { date } from "./desk.js";

const ENOUGH = 5; // words that make a try

export class Prose {
  book = ""; // what stands here before a reader writes
  whenTried = () => {}; // called when a try stands here, and its reader has left the field
  #field;
  #status;

  constructor(element, workbook) {
    this.element = element;
    this.id = element.dataset.cell;
    const heading = element.closest("section").querySelector("h1, h2, h3");
    this.name = fill(words.prose.name, { exercise: heading.textContent.replace(/#$/, "").trim() });
    const [field, help] = [uniqueId("answer"), uniqueId("help")];
    const put = () => {
      setText(this.#status, "");
      workbook.keep(this, { text: this.text || undefined });
    };
    const about = { id: field, "aria-describedby": help, rows: 5, spellcheck: "true" };
    this.#field = html("textarea", { ...about, oninput: put, onchange: () => this.#judge() });
    this.#status = html("span", { class: "bp-status", role: "status" });
    element.replaceChildren(
      html("label", { for: field }, this.name),
      this.#field,
      html("p", {}, html("span", { id: help, class: "bp-status" }, words.prose.how), " ", this.#status),
    );
  }

  get text() {
    return this.#field.value;
  }

  // Shows what was kept of this field, or else nothing.
  restore(entry) {
    const { at, text, from } = entry ?? {};
    this.#field.value = text ?? "";
    const told = from === "file" ? words.prose.file : words.prose.own;
    setText(this.#status, text === undefined ? "" : fill(told, { date: date(at) }));
    this.#judge();
  }

  #judge() {
    if (this.text.trim().split(/\s+/).length >= ENOUGH) this.whenTried();
  }
}
