// Tools that the reader made in the exercises, the pieces of `bplib.mine`: kept when their check says Right, and handed
// to Python before cells that import them. One from a file is shown, and waits until its reader has said so.
import { html } from "../dom.js";
import { fill, words } from "../words.js";
import { MINE } from "./kept.js";

const MODULE = "bplib.mine";

const button = (name, title, onclick) => html("button", { type: "button", title, onclick }, name);
const question = (sentence, ...parts) =>
  html("div", { class: "bp-ask", role: "group", "aria-label": words.mine.label }, html("p", {}, sentence), ...parts);

export class Pieces {
  #kept;
  #lent = new Set(); // those for which the reader took the book's, as long as this page is open
  #brought = "{}"; // what Python was handed last, as it was written

  constructor(kept) {
    this.#kept = kept;
  }

  // Keeps a piece; returns whether that changed it.
  keep(piece, text) {
    const before = this.#kept.get(MINE, piece);
    this.#lent.delete(piece);
    if (before?.text === text && !before.from) return false;
    this.#kept.put(MINE, piece, { at: new Date().toISOString(), text });
    return true;
  }

  // The names, with commas between, that a piece's text asks for and does not find when it runs alone.
  async lacks(running, text) {
    let names = "";
    const code = `print(*__import__("${MODULE}").mine.lacks(${JSON.stringify(text)}), sep=", ", end="")`;
    await running.run([{ code, name: MODULE }], (message) => (names += message.text ?? ""));
    return names;
  }

  // The names of all pieces that the reader has.
  get names() {
    return this.#kept.all().flatMap(({ page, cell, entry }) => (page === MINE && entry?.text ? [cell] : []));
  }

  // What the reader has for these cells, each with its { text }: { changed, isIn, unread, bring, doubt }.
  used(cells) {
    const isIn = ({ text }) => text.includes(MODULE);
    const names = new Set(cells.filter(isIn).flatMap(({ text }) => text.match(/[A-Za-z_]\w*/g)));
    const has = ({ page, cell, entry }) => page === MINE && entry?.text && names.has(cell) && !this.#lent.has(cell);
    const own = this.#kept.all().filter(has);
    const foreign = own.find(({ entry }) => entry.from === "file");
    const texts = JSON.stringify(Object.fromEntries(own.map(({ cell, entry }) => [cell, entry.text])));
    return {
      changed: names.size > 0 && texts !== this.#brought,
      isIn,
      unread: foreign && ((again) => this.#unread(foreign, again)),
      bring: async (running) => {
        if (!names.size) return;
        this.#brought = texts; // JSON of texts is as good in Python
        await running.run([{ code: `__import__("${MODULE}").mine.bring(${texts})`, name: MODULE }], () => {});
      },
      // What to ask when a piece broke, or when what ran with one was stopped.
      doubt: (broken, stopped, again) => {
        const name = broken?.piece ?? (stopped ? own[0]?.cell : undefined);
        if (!name) return undefined;
        return question(this.#told(name, broken), this.#bar(this.#lend(name, again)));
      },
    };
  }

  #told(piece, broken) {
    if (!broken) return fill(words.mine.stopped, { piece });
    if (broken.name === "PieceError") return broken.text; // it says so itself
    return fill(words.mine.broken, { piece, fault: [broken.name, broken.text].filter(Boolean).join(": ") });
  }

  #bar(...buttons) {
    return html("p", { class: "bp-cell-bar" }, ...buttons);
  }

  #lend(piece, again) {
    const lend = () => {
      this.#lent.add(piece);
      again();
    };
    return button(words.mine.lend, fill(words.mine.lendTitle, { piece }), lend);
  }

  // Shows a piece that came in a file. Once its reader lets it run, it is theirs.
  #unread({ cell: piece, entry: { at, text } }, again) {
    const take = () => {
      const now = this.#kept.get(MINE, piece); // another cell may have asked, and heard, since
      if (now?.text === text) this.#kept.put(MINE, piece, { at, text });
      again();
    };
    return question(
      fill(words.mine.unread, { piece }),
      html("div", { class: "bp-plain" }, html("pre", { tabindex: 0 }, text)),
      this.#bar(button(fill(words.mine.run, { piece }), words.mine.runTitle, take), this.#lend(piece, again)),
    );
  }
}
