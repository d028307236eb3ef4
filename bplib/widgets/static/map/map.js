// The map of the chapters on the book's first page: the list that tools/chapter_map.py puts there, drawn as a graph, with
// what the reader has done in each, what a miss leads back to, and where to go on.
import { html, setAll, svg } from "../dom.js";
import { place } from "../layout.js";
import { onRoom } from "../parts/room.js";
import { betsOn } from "../predict/bets.js";
import { madeBefore, questions } from "../recall/questions.js";
import { dayOf } from "../recall/schedule.js";
import { fill, pieces, words } from "../words.js";
import { PLACE, shared } from "../workbook/kept.js";

const [NARROW, WIDE] = [124, 168]; // of a chapter where they stand side by side, px
const WIDEST = 320; // where they stand below each other
const BROAD = 220; // from which on what it says stands in a line
const RIM = 4; // for what is lit

// A title, with its formulas as MathJax takes them.
const titled = (title) =>
  title.split(/\\\((.*?)\\\)/).map((part, k) => (k % 2 ? html("span", { class: "math" }, `\\(${part}\\)`) : part));

class Chapters {
  #all; // [{ page, href, number, title, minutes, needs, predictions, exercises, sections, practice }]
  #diagram;
  #list;
  #items;
  #on; // the paragraph that leads on
  #note = html("p", { class: "bp-map-note", hidden: true });
  #edges = svg("g");
  #picture = svg("svg", { "aria-hidden": "true" }, this.#edges);
  #due = new Map(); // how many questions are due, by page
  #miss; // the last one that is open, { page, name }
  #pointed; // the chapter that is pointed at

  constructor(element) {
    const { chapters, nodes, edges } = JSON.parse(element.querySelector("script").textContent);
    this.#all = chapters;
    this.#diagram = {
      nodes: nodes.map(([i, rank, at]) => ({ i, rank, at })),
      edges: edges.map(([from, to, port, via]) => ({ from, to, port, via })),
    };
    this.#on = element.querySelector("p");
    this.#list = element.querySelector("ol");
    this.#items = [...this.#list.children];
    this.#items.forEach((item, k) => {
      const point = (to) => () => this.#point(to);
      const about = { pointerenter: point(k), focusin: point(k), pointerleave: point(), focusout: point() };
      Object.entries(about).forEach(([event, hear]) => item.addEventListener(event, hear));
    });
    this.#on.after(this.#note);
    this.#list.classList.add("bp-map-drawn");
    this.#list.before(this.#picture);
    this.#tell();
    this.#ask();
    onRoom(this.#list, () => this.#draw());
    addEventListener("bp-kept", () => this.#ask());
    addEventListener("storage", () => this.#ask()); // of another window, or of a page whose leaving took longer
    addEventListener("pageshow", ({ persisted }) => persisted && this.#ask()); // the reader comes back from a chapter
  }

  // Finds what is due and what was missed, which takes the questions, and only where there are bets.
  async #ask() {
    this.#due.clear();
    this.#miss = undefined;
    try {
      const today = dayOf(Date.now());
      const asked = shared().all().some(({ entry }) => entry?.bets ?? entry?.returned) ? await questions(today) : [];
      for (const { page, since, answered } of asked) {
        if (since !== undefined && !answered) this.#due.set(page, (this.#due.get(page) ?? 0) + 1);
      }
      const last = (question) => ({ ...question, ...madeBefore(question, Infinity).at(-1) });
      const missed = asked.filter(({ spec }) => spec).map(last).filter(({ right }) => right === false);
      this.#miss = missed.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).at(-1);
    } finally {
      this.#tell();
      this.#draw();
    }
  }

  #numbers(pages) {
    return this.#all.filter(({ page }) => pages.includes(page)).map(({ number }) => number).join(words.map.and);
  }

  // How many predictions were made and exercises solved, and their part of all.
  #count({ page, predictions, exercises, practice }) {
    const made = predictions.filter((name) => betsOn(page, name).length).length;
    const isRight = (check) => shared().get(practice.page, check)?.right !== undefined;
    const right = exercises.filter((checks) => checks.every(isRight)).length;
    return { made, right, done: (made + right) / (predictions.length + exercises.length || 1) };
  }

  // Says of each chapter what has been done.
  #tell() {
    const missed = this.#all.find(({ page }) => page === this.#miss?.page);
    this.#all.forEach((chapter, k) => {
      const { page, minutes, predictions, exercises, needs } = chapter;
      const { made, right, done } = this.#count(chapter);
      const due = this.#due.get(page);
      const lit = missed?.needs.includes(page);
      const told = [
        ["", fill(words.map.minutes, { n: minutes })],
        predictions.length && ["", fill(made ? words.map.predicted : words.map.predictions, { made, n: predictions.length })],
        exercises.length && ["", fill(right ? words.map.solved : words.map.exercises, { right, n: exercises.length })],
        due && ["bp-map-tag", fill(words.map.due, { n: due })],
        missed?.page === page && ["bp-map-tag", words.map.missedHere],
        lit && ["bp-map-tag", words.map.back],
        this.#numbers(needs) && ["bp-map-needs", fill(words.map.needs, { chapters: this.#numbers(needs) })],
      ].filter(Boolean);
      const item = this.#items[k];
      item.querySelector(".bp-map-told").replaceChildren(...told.flatMap(([name, text]) => [html("span", { class: name }, text), " "]));
      item.style.setProperty("--done", done);
      item.classList.toggle("bp-lit", !!lit);
      item.classList.toggle("bp-missed", missed?.page === page);
    });
    this.#tellMiss(missed);
    this.#tellWay();
  }

  #tellMiss(missed) {
    this.#note.hidden = !missed;
    if (!missed) return;
    const { page, name } = this.#miss;
    const chapters = this.#numbers(missed.needs);
    const sentence = fill(chapters ? words.map.missed : words.map.missedFirst, { n: missed.number, chapters });
    const forget = () => {
      shared().put(page, `predict-${name}`, {});
      this.#on.firstElementChild.focus();
      this.#ask();
    };
    this.#note.replaceChildren(
      sentence, " ", html("a", { href: `${missed.href}#predict-${name}` }, words.map.take), " ",
      html("button", { type: "button", title: words.map.forgetTitle, onclick: forget }, words.map.forget));
  }

  // Leads to where the reader was last, or to the first chapter; from what is done, or read to its end, to the next one.
  #tellWay() {
    const pages = new Map(this.#all.flatMap((chapter) =>
      [[chapter, words.map.goOn], [chapter.practice, words.map.practise]].filter(([about]) => about).map(([about, sentence]) => [about.page, { chapter, about, sentence }])));
    const kept = shared().all().filter(({ page, entry }) => entry && pages.has(page));
    const places = kept.filter(({ cell }) => cell === PLACE);
    const [last] = (places.length ? places : kept).sort((a, b) => Date.parse(b.entry.at) - Date.parse(a.entry.at));
    const [first] = this.#all;
    const here = pages.get(last?.page) ?? { chapter: first, about: first, sentence: words.map.begin };
    const place = last?.entry.place;
    const next = this.#all[this.#all.indexOf(here.chapter) + 1];
    const over = next && last && (this.#count(here.chapter).done === 1 || here.about.sections.at(-1)?.[0] === place);
    const { chapter, about, sentence } = over ? { chapter: next, about: next, sentence: words.map.goOn } : here;
    const section = over ? undefined : about.sections.find(([id]) => id === place);
    const link = this.#on.firstElementChild;
    link.href = about.href + (section ? `#${section[0]}` : "");
    link.replaceChildren(...pieces(sentence, { n: chapter.number, title: titled(section?.[1] ?? chapter.title) }));
    window.MathJax?.typesetPromise?.([link]);
  }

  #draw() {
    const room = this.#list.clientWidth - 2 * RIM;
    if (room <= 0) return; // it is not shown
    const planned = (height) => {
      const plan = place(this.#diagram, room, height, NARROW, WIDE);
      return plan.down ? place(this.#diagram, room, height, NARROW, WIDEST) : plan;
    };
    const { width, down } = planned(1);
    const { classList, style } = this.#list;
    // Where too many would stand side by side they stand in a column, and words say what each builds on.
    classList.toggle("bp-map-graph", width >= NARROW);
    classList.toggle("bp-map-broad", width < NARROW || width >= BROAD);
    this.#items.forEach(({ style }) => (style.cssText = `--done: ${style.getPropertyValue("--done")}`));
    this.#edges.replaceChildren();
    if (width < NARROW) {
      style.height = "";
      return;
    }
    this.#items.forEach(({ style }) => (style.width = `${width}px`));
    const tallest = Math.max(...this.#items.map(({ offsetHeight }) => offsetHeight));
    const { size, corners, paths } = planned(tallest);
    corners.forEach(([x, y], k) => {
      const { style } = this.#items[k];
      Object.assign(style, { left: `${x + RIM}px`, top: `${y + RIM}px`, minHeight: `${tallest}px` });
    });
    const [across, along] = size.map((length) => length + 2 * RIM);
    style.height = `${along}px`;
    setAll(this.#picture, { viewBox: `${-RIM} ${-RIM} ${across} ${along}`, width: across, height: along });
    this.#edges.replaceChildren(...paths.map(({ d, end }) => svg("g", {},
      svg("path", { d }), svg("path", { class: "bp-map-head", d: `M${end}${down ? "l-4 -7h8z" : "l-7 -4v8z"}` }))));
    this.#light();
  }

  #point(k) {
    this.#pointed = k;
    this.#light();
  }

  // Lights what the chapter builds on that is pointed at, and the ways from there.
  #light() {
    const needed = this.#diagram.edges.map(({ to }) => to === this.#pointed);
    needed.forEach((is, k) => this.#edges.children[k]?.classList.toggle("bp-needed", is));
    const from = this.#diagram.edges.filter((_, k) => needed[k]).map(({ from }) => from);
    this.#items.forEach((item, k) => item.classList.toggle("bp-needed", from.includes(k)));
  }
}

export const map = () => new Chapters(document.getElementById("bp-map"));
