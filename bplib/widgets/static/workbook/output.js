// What a cell says, shown as a notebook shows it.
import { html } from "../dom.js";
import { fill, words } from "../words.js";

const part = (kind, ...content) => html("div", { class: `output ${kind}` }, ...content);
const text = (kind, content) => part(kind, html("pre", {}, content));

// Shows messages in an element as they come; kernel.py says what there are.
export class Output {
  #element;
  #draw;
  #stream; // the text that goes on as long as nothing else comes between

  constructor(element, draw) {
    this.#element = element;
    this.#draw = draw;
  }

  #add(element) {
    this.#stream = undefined;
    this.#element.append(element);
    return element;
  }

  hear(message) {
    if (message.kind === "text") {
      if (this.#stream?.name !== message.stream) {
        const shown = this.#add(text(`stream ${message.stream}`, ""));
        this.#stream = { name: message.stream, pre: shown.firstChild };
      }
      this.#stream.pre.append(message.text);
    } else if (message.kind === "figure") {
      const place = html("div", {});
      this.#add(html("div", { class: "widget-subarea" }, place));
      this.#draw(message, place);
    } else if (message.html !== undefined) {
      const shown = this.#add(part("text_html"));
      shown.innerHTML = message.html; // it is purified: python.js lets nothing else through
    } else if (message.kind === "value") {
      this.#add(text("text_plain", message.text));
    } else if (message.kind === "error") {
      this.#add(message.absent || message.speaks ? html("p", { class: "bp-note" }, message.text) : this.#error(message));
    } else {
      this.#add(html("p", { class: "bp-note" }, message.text));
    }
  }

  // Its sentence first; where it arose is for who wants to know.
  #error({ name, text, trace, cell, line }) {
    const where = line === null ? "" : fill(words.workbook.where, { cell, line });
    return part(
      "bp-error",
      html("p", {}, html("strong", {}, name), text ? `: ${text}` : "", where && ` (${where})`),
      html("details", {}, html("summary", {}, words.workbook.trace), html("pre", { tabindex: 0 }, trace)),
    );
  }
}
