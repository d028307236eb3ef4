// A live figure whose formula can be exchanged: a menu of recorded ones, and where Python runs an entry for any.
import { html, keepKeys, menu, setAttr, setText } from "./dom.js";
import { figure as liveFigure, isSite, linked } from "./main.js";
import { words } from "./words.js";

const PATIENCE = 8000; // ms until silence is told

// What a figure asks of its model, without anyone behind it: the formula's numbers stay in the page.
const standIn = ({ spec, inputs }, site) => {
  const state = { spec, inputs, site };
  return { get: (key) => state[key], set: (key, value) => (state[key] = value), save_changes() {}, on() {}, off() {} };
};

// What the nodes are that have neither a name nor a formula short enough for one: "u4 = softplus(a) + softplus(b)".
const unnamedIn = ({ tape, labels }) => {
  const given = new Set(tape.names.map(([i]) => i));
  return labels.names.flatMap((name, i) => (given.has(i) || !labels.formulas[i] ? [] : [`${name} = ${labels.formulas[i]}`])).join(", ");
};

export const figure = (views) => ({ model, el }) => {
  const recorded = model.get("recorded");
  const site = isSite();
  let mounted = ""; // what is shown, as text
  let cleanup = () => {};
  let turn = 0;
  let waiting = 0;
  const place = html("div");
  const said = html("p", { class: "bp-said bp-fault", role: "status" });
  const unnamed = html("p", { class: "bp-note" });
  const tell = (fault) => {
    clearTimeout(waiting);
    setText(said, fault);
    setAttr(entry, "aria-invalid", fault ? "true" : null);
  };
  const show = (formula) => {
    tell("");
    const key = JSON.stringify(formula);
    if (mounted === key) return;
    mounted = key;
    cleanup();
    place.replaceChildren();
    cleanup = liveFigure(views)({ model: standIn(formula, model.get("site")), el: place });
    select.selectedIndex = recorded.findIndex(({ text }) => text === formula.text);
    entry.value = formula.text;
    setText(unnamed, unnamedIn(formula.spec.source));
  };
  const ask = (text) => {
    turn = Date.now();
    model.set("asked", { text, turn });
    model.save_changes();
  };
  const choose = (formula) => {
    show(formula);
    if (!site) ask(formula.text);
  };
  const picks = menu(words.expressions.formula, recorded, ({ text }) => text, recorded[0], choose);
  const select = picks.querySelector("select");
  const entry = html("input", {
    type: "text", autocomplete: "off", spellcheck: "false", maxlength: 400,
    onkeydown: (event) => event.key === "Enter" && go(),
  });
  const go = () => {
    const known = recorded.find(({ text }) => text === entry.value.trim());
    if (known) return choose(known);
    tell("");
    ask(entry.value);
    waiting = setTimeout(() => tell(words.expressions.silent), PATIENCE);
  };
  const own = site
    ? html("p", { class: "bp-note" }, words.expressions.inLab)
    : html("label", {}, `${words.expressions.own} `, entry, html("button", { type: "button", onclick: go }, words.expressions.show));
  el.append(html(
    "div", { class: "bp-live", role: "group", "aria-label": words.expressions.label, onkeydown: keepKeys },
    html("div", { class: "bp-formulas" }, picks, own, said, unnamed), place,
  ));

  const fromKernel = () => show(model.get("shown"));
  const answered = () => {
    const { turn: asked, says } = model.get("fault");
    if (asked === turn) tell(says);
  };
  model.on("change:shown", fromKernel);
  model.on("change:fault", answered);
  // A link to a state of one of the formulas chooses it; the figure then takes the state.
  const fromAddress = () => {
    const name = linked(location.hash).split(":")[0];
    const meant = recorded.find(({ spec }) => spec.name === name);
    if (meant) show(meant);
  };
  fromKernel();
  if (site) {
    fromAddress();
    addEventListener("hashchange", fromAddress);
  }
  return () => {
    clearTimeout(waiting);
    cleanup();
    model.off("change:shown", fromKernel);
    model.off("change:fault", answered);
    removeEventListener("hashchange", fromAddress);
  };
};
