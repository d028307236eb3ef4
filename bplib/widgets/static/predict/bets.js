// The reader's bets on a prediction: [{ at, case, bet, sure }], the first one first; `sure` is "think", "sure" or "none",
// which has no bet. On the site the workbook keeps them, by page and name; in Jupyter they last as long as the page, and
// are in no notebook, which may be handed in.
import { shared, tellPage } from "../workbook/kept.js";

const MOST = 20; // that are kept of one prediction: the first, and the last ones

export const page = typeof DOCUMENTATION_OPTIONS === "undefined" ? undefined : DOCUMENTATION_OPTIONS.pagename; // of the site
const WHOLE = "predict"; // under which a page keeps that all of it is shown
const cellOf = (name) => `predict-${name}`;
const here = new Map();

export const read = (name) => (page ? shared().get(page, cellOf(name))?.bets : here.get(name)) ?? [];

export const add = (name, bet) => {
  const [first, ...others] = [...read(name), { at: new Date().toISOString(), ...bet }];
  const bets = [first, ...others.slice(1 - MOST)];
  if (page) shared().put(page, cellOf(name), { at: bets.at(-1).at, bets });
  else here.set(name, bets);
};

export const isWhole = () => shared().get(page, WHOLE)?.whole === true;
export const setWhole = (whole) => shared().put(page, WHOLE, { at: new Date().toISOString(), whole: whole || undefined });

// Takes away what is kept of these, and that all of the page is shown.
export const forget = (names) => {
  [WHOLE, ...names.map(cellOf)].forEach((cell) => shared().put(page, cell, {}));
  tellPage();
};
