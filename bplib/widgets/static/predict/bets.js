// The reader's bets on a prediction: [{ at, case, bet, sure }], the first one first; `sure` is "think", "sure" or "none",
// which has no bet. On the site the workbook keeps them, by page and name, and apart from them those that were made when
// the prediction came back on another page; in Jupyter they last as long as the page, and are in no notebook, which may be
// handed in.
import { shared, tellPage } from "../workbook/kept.js";

const MOST = 20; // that are kept of one prediction: the first, and the last ones

export const page = typeof DOCUMENTATION_OPTIONS === "undefined" ? undefined : DOCUMENTATION_OPTIONS.pagename; // of the site
const WHOLE = "predict"; // under which a page keeps that all of it is shown
const cellOf = (name) => `predict-${name}`;
const here = new Map();

export const betsOn = (page, name) => shared().get(page, cellOf(name))?.bets ?? [];
export const returned = (page, name) => shared().get(page, cellOf(name))?.returned ?? [];
export const read = (name) => (page ? betsOn(page, name) : (here.get(name) ?? []));

const now = () => new Date().toISOString();
const grown = (bets, bet) => {
  const [first, ...others] = [...bets, { at: now(), ...bet }];
  return [first, ...others.slice(1 - MOST)];
};
const put = (page, name, more) => {
  const cell = cellOf(name);
  shared().put(page, cell, { ...shared().get(page, cell), at: now(), ...more });
};

export const add = (name, bet) => {
  const bets = grown(read(name), bet);
  if (page) put(page, name, { bets });
  else here.set(name, bets);
};
export const addReturned = (page, name, bet) => put(page, name, { returned: grown(returned(page, name), bet) });

export const isWhole = () => shared().get(page, WHOLE)?.whole === true;
export const setWhole = (whole) => {
  shared().put(page, WHOLE, { at: now(), whole: whole || undefined });
  dispatchEvent(new Event("bp-whole")); // the summary opens, too
};

// Takes away what is kept of these, and that all of the page is shown.
export const forget = (names) => {
  [WHOLE, ...names.map(cellOf)].forEach((cell) => shared().put(page, cell, {}));
  tellPage();
};
