// How each kind of prediction is made: ask(el, asked, does) puts its fields into an element. `does` is told by changed()
// and asked to commit(). Returns { read, show, focus }: read() gives the bet, or a sentence in `fault`; show(bet) puts one
// there. `name` says a bet in words.
import { html, uniqueId } from "../dom.js";
import { fmt } from "../format.js";
import { words } from "../words.js";
import { numberIn } from "./judge.js";
import { ask as order } from "./order.js";
import { ask as place, name as namePlace } from "./place.js";
import { rich } from "./rich.js";

const radios = (el, options, label) => {
  const group = uniqueId("bet");
  const inputs = options.map((option) => html("input", { type: "radio", name: group, value: option }));
  el.append(html("div", { class: "bp-options" }, ...options.map((option, k) => html("label", {}, inputs[k], html("span", {}, ...rich(label(option)))))));
  return {
    read: () => {
      const chosen = inputs.find(({ checked }) => checked);
      return chosen ? { bet: chosen.value } : { fault: words.predict.choose };
    },
    show: (bet) => inputs.forEach((input) => (input.checked = input.value === bet)),
    focus: () => inputs[0].focus(),
  };
};

const signs = { negative: words.predict.negative, zero: words.predict.zero, positive: words.predict.positive };

const number = (el, _, { commit }) => {
  const onkeydown = ({ key }) => key === "Enter" && commit();
  const input = html("input", { type: "text", inputmode: "decimal", autocomplete: "off", onkeydown });
  el.append(html("label", { class: "bp-field" }, words.predict.number, " ", input));
  return {
    read: () => {
      const x = numberIn(input.value);
      return typeof x === "string" ? { fault: x } : { bet: x };
    },
    show: (bet) => (input.value = bet === null ? "" : fmt(bet)),
    focus: () => input.focus(),
  };
};

const same = (bet) => bet;
const KINDS = {
  choice: { ask: (el, { options }) => radios(el, options, same), name: (_, bet) => bet },
  sign: { ask: (el) => radios(el, Object.keys(signs), (sign) => signs[sign]), name: (_, bet) => signs[bet] },
  number: { ask: number, name: (_, bet) => fmt(bet) },
  order: { ask: order, name: (_, bet) => bet.join(words.predict.before) },
  place: { ask: place, name: namePlace },
};

export const ask = (el, asked, does) => KINDS[asked.kind].ask(el, asked, does);
export const name = (asked, bet) => KINDS[asked.kind].name(asked, bet);
