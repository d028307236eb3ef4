// The summary from memory: the chapter's lines stay folded until the reader has written theirs, or wants to see them. Then
// both stand side by side. What is written is kept.
import { html, setText, uniqueId } from "../dom.js";
import { hide } from "../predict/hide.js";
import { isWhole, page } from "../predict/bets.js";
import { words } from "../words.js";
import { shared } from "../workbook/kept.js";

const CELL = "recall-summary"; // under which it is kept

export class Summary {
  #section;
  #lines = html("div", { class: "bp-lines", role: "group", tabindex: -1, "aria-label": words.recall.lines });
  #parts;
  #show; // shows the lines, while they are folded

  constructor(section) {
    this.#section = section;
    const id = uniqueId("memory");
    const button = (name, onclick) => html("button", { type: "button", onclick }, name);
    this.#parts = {
      field: html("textarea", { id, rows: 5, spellcheck: "true", oninput: () => this.#keep(this.#kept?.whole) }),
      compare: button(words.recall.compare, () => this.#reveal()),
      show: button(words.recall.show, () => this.#reveal()),
      again: button(words.recall.again, () => this.#again()),
      status: html("span", { role: "status" }),
    };
    const { field, compare, show, again, status } = this.#parts;
    const label = html("label", { for: id }, words.recall.memory);
    const memory = html("div", { class: "bp-memory" }, label, field, html("p", {}, compare, show, again, status));
    this.#lines.append(...[...section.children].filter((element) => !element.matches("h2, section")));
    section.querySelector("h2").after(memory, this.#lines);
    this.restore();
    addEventListener("bp-whole", () => this.#open());
  }

  get #kept() {
    return shared().get(page, CELL);
  }

  // Shows what is kept.
  restore() {
    const { memory, whole } = this.#kept ?? {};
    this.#parts.field.value = memory ?? "";
    if (whole || isWhole()) this.#open();
    else this.#fold();
    this.#tell();
  }

  #keep(whole) {
    const memory = this.#parts.field.value || undefined;
    shared().put(page, CELL, { at: new Date().toISOString(), memory, whole });
    this.#tell();
  }

  #tell() {
    const { field, compare, show, again, status } = this.#parts;
    const open = !this.#show;
    compare.hidden = open || !field.value.trim();
    show.hidden = open || !compare.hidden;
    again.hidden = !open;
    const fault = { full: words.recall.full, refused: words.recall.refused }[shared().trouble];
    setText(status, fault ?? (field.value ? words.recall.kept : ""));
  }

  #fold() {
    this.#section.classList.remove("bp-compared", "bp-alone");
    this.#show ??= hide([this.#lines], () => this.#opened());
    // An address may have led into them: then they stand open.
    if (!this.#lines.hidden) this.#opened();
  }

  #open() {
    this.#show?.();
    this.#opened();
  }

  #opened() {
    this.#show = undefined;
    this.#section.classList.add(this.#parts.field.value.trim() ? "bp-compared" : "bp-alone");
    this.#tell();
  }

  #reveal() {
    this.#open();
    this.#keep(true);
    this.#lines.focus({ preventScroll: true });
  }

  #again() {
    this.#fold();
    this.#keep(undefined);
    this.#parts.field.focus();
  }
}
