// What comes back: two minutes at a chapter's opening, problems of earlier chapters at the end of an exercise page, and a
// chapter's summary from memory. Where, tools/recall.py says. And the page keeps how far its reader came.
import { html } from "../dom.js";
import { place } from "../map/place.js";
import { page } from "../predict/bets.js";
import { fill, words } from "../words.js";
import { shared } from "../workbook/kept.js";
import { THREE, back, mixed } from "./choose.js";
import { List } from "./list.js";
import { dayOf } from "./schedule.js";
import { Summary } from "./summary.js";

const CELL = "recall-back"; // under which a page keeps that it was skipped or done, for the day

// Two minutes back, which can be skipped for the day.
const twoMinutes = (element) => {
  const line = () => {
    const { at, back } = shared().get(page, CELL) ?? {};
    const state = at && dayOf(at) === dayOf(Date.now()) ? back : undefined;
    skip.hidden = state !== undefined;
    return { skipped: words.recall.skipped, done: words.recall.done }[state] ?? fill(words.recall.back, { n: THREE });
  };
  const put = (back) => shared().put(page, CELL, { at: new Date().toISOString(), back });
  const skip = html("button", {
    type: "button",
    title: words.recall.skipTitle,
    onclick() {
      put("skipped");
      const details = element.querySelector("details");
      details.open = false;
      list.say(line());
      details.firstElementChild.focus();
    },
  }, words.recall.skip);
  const changed = (right, made, n) => {
    if (made < n) return;
    put("done");
    line();
    list.say(fill(words.recall.doneRight, { right, n }));
  };
  const list = new List(element, line(), (all, seed) => back(all, page, seed), changed);
  element.append(skip);
  return () => {
    list.say(line());
    list.restore();
  };
};

// Mixed problems; there are always others.
const problems = (element) => {
  const list = new List(element, fill(words.recall.mixed, { n: THREE }), (all, seed) => mixed(all, page, seed));
  element.querySelector("details").append(html("button", { type: "button", onclick: () => list.again() }, words.recall.others));
  return () => list.restore();
};

const summary = (section) => {
  const made = new Summary(section);
  return () => made.restore();
};

export const recall = () => {
  place();
  const each = (selector, make) => [...document.querySelectorAll(selector)].map(make);
  const restores = [
    ...each(".bp-back", twoMinutes),
    ...each(".bp-mixed", problems),
    ...each("section#summary", summary),
  ];
  addEventListener("bp-kept", () => restores.forEach((restore) => restore()));
};
