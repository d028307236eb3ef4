// A prediction: the question, how to answer it, and after the bet what is so. `render` draws one; the site's script makes
// it known to the library, and in Jupyter it is a part of it.
import { html, keepKeys, setText } from "../dom.js";
import { fill, words } from "../words.js";
import { add, isWhole, page, read, setWhole } from "./bets.js";
import { fold } from "./fold.js";
import { fits, judge, truthOf, unpack } from "./judge.js";
import { ask, name as nameOf } from "./kinds.js";
import { rich } from "./rich.js";
import { Tally } from "./tally.js";

const button = (text, onclick, className) => html("button", { type: "button", class: className, onclick }, text);

// What is said after a bet: a list of [class, text].
export const told = (asked, answer, { bet, sure }) => {
  const truth = answer.then || fill(words.predict.truth, { answer: nameOf(asked, truthOf(asked, answer)) });
  if (sure === "none") return [["bp-head", words.predict.none], ["bp-truth", truth]];
  const { right, sentence } = judge(asked, answer, bet);
  const you = fill(sure === "sure" ? words.predict.youSure : words.predict.you, { bet: nameOf(asked, bet) });
  const head = right ? words.predict.right : words.predict.wrong;
  return [["bp-head", head], ["bp-you", you], ["bp-truth", truth], ...(right ? [] : [["bp-because", sentence]])];
};

class Prediction {
  element;
  name;
  #cases;
  #k = 0; // the case that is asked
  #asks; // the fields
  #parts;
  #open = () => {}; // what is folded
  #page; // what is common to the page's predictions, if it is one of the site
  #back; // where it comes back on another page: { read(), add(bet), k: the case, tag, made() }

  constructor({ name, folds, cases }, el, back) {
    this.name = name;
    this.#back = back;
    this.#cases = cases.map((each) => ({ ...cases[0], ...each }));
    const commit = (sure) => () => this.#commit(sure);
    this.#parts = {
      question: html("legend", {}),
      fields: html("div", { class: "bp-fields" }),
      fault: html("p", { class: "bp-fault", role: "status" }),
      buttons: html("div", { class: "bp-buttons" },
        button(words.predict.think, commit("think"), "bp-main"), button(words.predict.sure, commit("sure"), "bp-main"),
        button(words.predict.noIdea, commit("none"))),
      verdict: html("div", { class: "bp-verdict", role: "status", tabindex: -1 }),
      again: html("div", { class: "bp-buttons" }, button(cases.length > 1 ? words.predict.vary : words.predict.again, () => this.#again())),
    };
    const { question, fields, fault, buttons, verdict, again } = this.#parts;
    this.form = html("fieldset", {}, question, fields);
    this.element = html("div", { class: "bp-predict", onkeydown: keepKeys }, this.form, fault, buttons, verdict, again);
    el.append(this.element);
    if (back) {
      this.restore();
      return;
    }
    if (folds && !page) this.form.after(html("p", { class: "bp-note" }, words.predict.inLab));
    const cell = page && el.closest(".cell");
    cell?.append(...cell.querySelectorAll(":scope > details.hide")); // the code comes after the question
    this.#page = page && Page.here(this, folds && !el.closest(".bp-output"));
    this.restore();
  }

  // Folds what gives the answer away.
  fold(whole) {
    this.#open = fold(this.element, { opened: () => {}, whole });
  }
  open() {
    this.#open();
  }

  // The first bet and what became of it: { sure, right }; undefined before it.
  get outcome() {
    const [first] = this.#fitting();
    if (!first) return undefined;
    const asked = this.#cases[first.case];
    return { sure: first.sure, right: first.sure !== "none" && judge(asked, unpack(asked.packed), first.bet).right };
  }

  get question() {
    return this.#cases[0].question;
  }

  // The bets that are kept, without those that an earlier edition's question had.
  #fitting() {
    return (this.#back ?? { read }).read(this.name).filter((each) => this.#cases[each.case] && (each.sure === "none" || fits(this.#cases[each.case], each.bet)));
  }

  // Shows the last bet that is kept, or the question.
  restore() {
    const last = this.#fitting().at(-1);
    this.#ask(last?.case ?? this.#back?.k ?? 0);
    if (last) this.#tell(last);
  }

  #ask(k) {
    this.#k = k;
    const asked = this.#cases[k];
    const { question, fields, fault, buttons, verdict, again } = this.#parts;
    question.replaceChildren(html("span", { class: "bp-tag" }, this.#back?.tag ?? words.predict.tag), " ", ...rich(asked.question));
    fields.replaceChildren();
    this.form.disabled = false;
    this.#asks = ask(fields, asked, { changed: () => setText(fault, ""), commit: () => this.#commit("think") });
    setText(fault, "");
    buttons.hidden = false;
    again.hidden = true;
    verdict.replaceChildren();
    verdict.className = "bp-verdict";
  }

  #commit(sure) {
    const { bet, fault } = sure === "none" ? { bet: null } : this.#asks.read();
    if (fault) return setText(this.#parts.fault, fault);
    const made = { case: this.#k, bet, sure };
    if (this.#back) this.#back.add(made);
    else add(this.name, made);
    this.#tell(made);
    this.#open();
    this.#parts.verdict.focus({ preventScroll: true });
    this.#page?.changed();
    this.#back?.made();
  }

  #tell(made) {
    const asked = this.#cases[made.case];
    const answer = unpack(asked.packed);
    const { fault, buttons, verdict, again } = this.#parts;
    setText(fault, "");
    this.#asks.show(made.bet, truthOf(asked, answer));
    this.form.disabled = true;
    buttons.hidden = true;
    again.hidden = this.#back !== undefined;
    const lines = told(asked, answer, made);
    const right = made.sure !== "none" && judge(asked, answer, made.bet).right;
    verdict.classList.add(made.sure === "none" ? "bp-open" : right ? "bp-right" : "bp-wrong");
    verdict.replaceChildren(...lines.map(([className, text]) => html("p", { class: className }, ...rich(text))));
  }

  #again() {
    this.#ask((this.#k + 1) % this.#cases.length);
    this.#asks.focus();
  }
}

// The predictions of a page of the site, and what counts them at its end.
class Page {
  static #one;
  #all = new Map();
  #tally = new Tally(() => [...this.#all.values()]);

  static here(prediction, folds) {
    Page.#one ??= new Page();
    Page.#one.#take(prediction, folds);
    return Page.#one;
  }

  constructor() {
    addEventListener("bp-kept", () => this.#restore()); // the workbook took a file, or forgot everything
  }

  #take(prediction, folds) {
    const { name, element } = prediction;
    if (!document.getElementById(`predict-${name}`)) element.id = `predict-${name}`;
    this.#all.set(name, prediction);
    if (folds && !prediction.outcome && !isWhole()) prediction.fold(() => this.#whole());
    this.changed();
  }

  #whole() {
    setWhole(true);
    this.#all.forEach((prediction) => prediction.open());
  }

  #restore() {
    this.#all.forEach((prediction) => prediction.restore());
    this.changed();
  }

  changed() {
    this.#tally.update();
  }
}

export const render = ({ model, el }) => {
  const { element } = new Prediction(model.get("spec"), el);
  return () => element.remove();
};

// For the site: the library, where a page has it, draws predictions from now on. Returns what asks one that comes back.
export const predict = () => {
  window.bplib?.add("predict", render);
  return { ask: (spec, el, back) => new Prediction(spec, el, back) };
};
