// What a reader wrote on the pages of the book, kept in the browser: an entry for each cell, JSON of
// { at, text, right, from }: when it was written; the reader's text, if it isn't the book's; the sentence with
// which a check said Right; and "file" for a text that came in a file and was not run since. A prediction has an entry
// too, { at, bets, returned } (predict/bets.js), and a page on which nothing stays folded, { at, whole }; so have what
// comes back on a page on a day, { at, back }, its summary from memory, { at, memory, whole } (recall/), and the section in
// which its reader left it, { at, place } (map/). A tool that the reader made, a piece of `bplib.mine`, is a text under its
// name, as if on a page of its own. Nothing here draws.

export const BOOK = "backpropagation-live";
// To be raised when texts of before fit the cells no more. Those of other editions are never touched, only shown.
export const EDITION = 1;
export const MINE = "mine"; // in place of a page
export const PLACE = "place"; // in place of a cell

const KEY = new RegExp(`^${BOOK}:(\\d+):([^:]+):(.+)$`);
const keyOf = (page, cell) => `${BOOK}:${EDITION}:${page}:${cell}`;

const isText = (value) => value === undefined || typeof value === "string";

const isEmpty = ({ text, right, bets, returned, whole, back, memory, place }) =>
  (text ?? right ?? bets ?? returned ?? whole ?? back ?? memory ?? place) === undefined;

// Whether it is of a cell that runs, or of an answer in words.
export const isOfCell = ({ text, right }) => (text ?? right) !== undefined;

// Whether they have the form of bets; whether one fits its question, that says (predict/judge.js).
const SURE = ["think", "sure", "none"];
const areBets = (bets) =>
  bets === undefined ||
  (Array.isArray(bets) && bets.length > 0 && bets.every((bet) => Number.isInteger(bet?.case) && SURE.includes(bet.sure)));

// Returns an entry as it may be used, or undefined for what is none.
export const asEntry = (value) => {
  if (typeof value !== "object" || value === null) return undefined;
  const { at, text, right, from, bets, returned, whole, back, memory, place } = value;
  const fits =
    [text, right, memory, place].every(isText) &&
    [bets, returned].every(areBets) &&
    [undefined, true].includes(whole) &&
    [undefined, "skipped", "done"].includes(back);
  if (!fits || isEmpty(value) || Number.isNaN(Date.parse(at))) return undefined;
  return { at, text, right, from: from === "file" ? from : undefined, bets, returned, whole, back, memory, place };
};

function parsed(raw) {
  try {
    return asEntry(JSON.parse(raw));
  } catch {
    return undefined;
  }
}

// A browser may refuse storage when it is named, when it is read, or when it is written.
function browsers() {
  try {
    const { localStorage } = window;
    localStorage.getItem(BOOK);
    return localStorage;
  } catch {
    return undefined;
  }
}

export class Kept {
  trouble = ""; // "refused" or "full": why the browser doesn't hold all that was put
  #storage = browsers();
  #waiting = new Map(); // what the browser doesn't hold, by key

  constructor() {
    if (!this.#storage) this.trouble = "refused";
  }

  get(page, cell) {
    return parsed(this.#raw(keyOf(page, cell)) ?? "");
  }

  // Keeps an entry; one that holds nothing is taken away.
  put(page, cell, { at, text, right, from, bets, returned, whole, back, memory, place }) {
    const entry = { at, text, right, from, bets, returned, whole, back, memory, place };
    const key = keyOf(page, cell);
    this.#waiting.delete(key);
    if (isEmpty(entry)) this.#storage?.removeItem(key);
    else this.#waiting.set(key, JSON.stringify(entry));
    this.#write();
  }

  // Returns all there is, [{ edition, page, cell, raw, entry }]; `entry` is undefined where it can't be used: it is
  // damaged, or of another edition.
  all() {
    const keys = new Set([...(this.#storage ? Object.keys(this.#storage) : []), ...this.#waiting.keys()]);
    return [...keys].sort().flatMap((key) => {
      const found = KEY.exec(key);
      if (!found) return [];
      const [, edition, page, cell] = found;
      const raw = this.#raw(key);
      return [{ edition: +edition, page, cell, raw, entry: +edition === EDITION ? parsed(raw) : undefined }];
    });
  }

  forget() {
    const keys = this.#storage ? Object.keys(this.#storage) : [];
    keys.filter((key) => key.startsWith(`${BOOK}:`)).forEach((key) => this.#storage.removeItem(key));
    this.#waiting.clear();
    this.#write();
  }

  #raw(key) {
    return this.#waiting.get(key) ?? this.#storage?.getItem(key) ?? undefined;
  }

  #write() {
    if (!this.#storage) return;
    this.trouble = "";
    for (const [key, raw] of this.#waiting) {
      try {
        this.#storage.setItem(key, raw);
        this.#waiting.delete(key);
      } catch {
        this.trouble = "full";
      }
    }
  }
}

// What the scripts of a page share. Where entries were taken from a file or forgotten, the page hears "bp-kept".
export const shared = () => (window.bplib_kept ??= new Kept());
export const tellPage = () => dispatchEvent(new Event("bp-kept"));
