// The predictions of the book's chapters, with the reader's bets on them. tools/recall.py writes them when the site is
// built: questions.js says which there are, questions/ has those of each chapter. They are loaded when they are needed.
import { shared } from "../workbook/kept.js";
import { once } from "../python/script.js";
import { betsOn, returned } from "../predict/bets.js";
import { fits, judge, unpack } from "../predict/judge.js";
import { dayOf, dueFrom } from "./schedule.js";

const whole = (cases) => cases.map((each) => ({ ...cases[0], ...each }));

// Loads the questions of a chapter: fills in their specs.
const load = async (questions, page) => {
  await once(`questions/${page.split("/").pop()}.js`);
  const specs = new Map(window.bplib_questions[page].map((spec) => [spec.name, spec]));
  for (const question of questions) if (question.page === page) question.spec = specs.get(question.name);
};

// The bets on a question before a day, in their order, [{ at, day, case, right }], without those that don't fit it.
export const madeBefore = ({ page, name, spec }, today) => {
  const cases = whole(spec.cases);
  return [...betsOn(page, name), ...returned(page, name)]
    .map((bet) => ({ ...bet, day: dayOf(bet.at), asked: cases[bet.case] }))
    .filter(({ day, asked, sure, bet }) => day < today && asked && (sure === "none" || fits(asked, bet)))
    .map((each) => ({ ...each, right: isRight(each.asked, each) }))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
};
const isRight = (asked, { sure, bet }) => sure !== "none" && judge(asked, unpack(asked.packed), bet).right;

// How a question came back today: { at, case, bet, sure }, the last time; undefined if it didn't.
export const todays = ({ page, name }, today) => returned(page, name).findLast(({ at }) => dayOf(at) === today);

// Returns a list of { page, title, href, name }, in the order of the book; of those with bets also `spec`, `last` (the
// case that was asked last), `since` if a miss is due, `missed` (when it was made), and `answered`. What is made today
// changes none of it but `answered`, so that the choice lasts for the day.
export const questions = async (today) => {
  await once("questions.js");
  const all = window.bplib_contents.flatMap(({ names, ...about }) => names.map((name) => ({ ...about, name })));
  const met = all.filter(({ page, name }) => betsOn(page, name).length || returned(page, name).length);
  await Promise.all([...new Set(met.map(({ page }) => page))].map((page) => load(all, page)));
  for (const question of met) {
    const made = madeBefore(question, today);
    const due = dueFrom(made);
    question.last = made.at(-1)?.case;
    question.since = due <= today ? due : undefined;
    question.missed = made.findLast(({ right }) => !right)?.at;
    question.answered = todays(question, today) !== undefined;
  }
  return all;
};

// Loads what is needed to ask these.
export const complete = async (all, chosen) => {
  await Promise.all([...new Set(chosen.filter(({ spec }) => !spec).map(({ page }) => page))].map((page) => load(all, page)));
};

export const rightToday = (question, today) => {
  const bet = todays(question, today);
  const asked = bet && whole(question.spec.cases)[bet.case];
  return asked !== undefined && (bet.sure === "none" || fits(asked, bet.bet)) && isRight(asked, bet);
};

export const trouble = () => shared().trouble;
