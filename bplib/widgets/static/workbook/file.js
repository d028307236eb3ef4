// The file of a reader's answers in the whole book: { book, edition, saved, pages: { page: { cell: entry } }, rest },
// where `rest` is what was found and could not be used, as it was found.
import { fill, words } from "../words.js";
import { asEntry, BOOK, EDITION } from "./kept.js";

const LARGEST = 5e6; // letters; more than a browser keeps

// Lets the browser save a text as a file.
export const save = (name, text, type = "application/json") => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
};

export const write = (kept) => {
  const pages = {};
  const rest = [];
  for (const { edition, page, cell, raw, entry } of kept.all()) {
    if (entry) (pages[page] ??= {})[cell] = entry;
    else rest.push({ edition, page, cell, raw });
  }
  const saved = new Date().toISOString();
  return JSON.stringify({ book: BOOK, edition: EDITION, saved, pages, rest }, null, 1);
};

const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// Returns { saved, found: [{ page, cell, entry }], rest: [text] } of a file's text; an error says what it is instead.
export const read = (text, name) => {
  const refuse = (sentence) => {
    throw new Error(fill(sentence, { name }));
  };
  if (text.length > LARGEST) refuse(words.kept.large);
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    refuse(words.kept.noJson);
  }
  if (!isTable(told) || told.book !== BOOK || !isTable(told.pages)) refuse(words.kept.foreign);
  const found = [];
  const rest = (Array.isArray(told.rest) ? told.rest : []).map((each) => String(each?.raw));
  for (const [page, cells] of Object.entries(told.pages)) {
    for (const [cell, value] of isTable(cells) ? Object.entries(cells) : []) {
      const entry = told.edition === EDITION && !page.includes(":") ? asEntry(value) : undefined;
      if (entry) found.push({ page, cell, entry });
      else rest.push(JSON.stringify(value, null, 1));
    }
  }
  return { saved: told.saved, found, rest };
};
