// How far a reader came on a page: the section that stands at the middle of the window when the page is left. It is kept,
// so that the page, and the map on the book's first one, offer to go on there. A page that was opened and not moved keeps
// what it had.
import { html } from "../dom.js";
import { page } from "../predict/bets.js";
import { fill, words } from "../words.js";
import { PLACE, shared } from "../workbook/kept.js";

// At the line of the workbook, or where that is missing before the first section.
const put = (line, [first]) => {
  const desk = document.querySelector(".bp-desk");
  if (desk) desk.append(line);
  else first.before(line);
};

const heading = (section) => section.querySelector("h2, h3");
const link = (section) => {
  const parts = [...heading(section).cloneNode(true).childNodes].filter((part) => !part.classList?.contains("headerlink"));
  return html("a", { href: `#${section.id}` }, ...parts);
};

export const place = () => {
  const sections = [...document.querySelectorAll("section[id] section[id]")].filter(heading);
  if (!sections.length) return;
  const line = html("p", { class: "bp-place" });
  const show = () => {
    const { place } = shared().get(page, PLACE) ?? {};
    const k = sections.findIndex(({ id }) => id === place);
    line.hidden = k < 0;
    if (line.hidden) return;
    line.replaceChildren(words.place.last, " ", link(sections[k]), fill(words.place.far, { k: k + 1, n: sections.length }));
  };
  let moved = false;
  const keep = () => {
    const here = moved && sections.findLast((section) => section.getBoundingClientRect().top < innerHeight / 2);
    if (here) shared().put(page, PLACE, { at: new Date().toISOString(), place: here.id });
    moved = false;
  };
  show();
  put(line, sections);
  addEventListener("scroll", () => (moved = true), { passive: true });
  addEventListener("pagehide", keep);
  document.addEventListener("visibilitychange", () => document.hidden && keep());
  addEventListener("bp-kept", () => {
    moved = false; // what was forgotten stays so
    show();
  });
};
