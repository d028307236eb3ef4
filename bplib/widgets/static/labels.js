// What the nodes of a tape are called on screen: Python says it (bplib/diagram.py), this writes with it.
import { fmt } from "./format.js";

export class Labels {
  // names: what each node is called; formulas: how it is computed, "" where that is its name; forms: what is
  // written before, between and after the arguments of an operation.
  constructor({ names, formulas, forms }) {
    this.names = names;
    this.formulas = names.map((name, i) => formulas[i] || name);
    this.forms = forms;
  }

  // An operation with numbers as its arguments; one below 0 needs brackets beside a sign.
  withNumbers(op, numbers) {
    const [start, ...parts] = this.forms[op];
    const sign = !parts.at(-1);
    return start + numbers.map((x, k) => (x < 0 && sign ? `(${fmt(x)})` : fmt(x)) + parts[k]).join("");
  }

  // "dloss/dz", with brackets round an expression: "dloss/d(w × x)". All ways from bottom to top count.
  derivative(top, bottom, d = "d") {
    const part = (i) => (this.names[i].includes(" ") || this.names[i].includes("^") ? `(${this.names[i]})` : this.names[i]);
    return `${d}${part(top)}/${d}${part(bottom)}`;
  }

  // "∂a/∂z": by one edge alone, whatever other ways there are.
  local(top, bottom) {
    return this.derivative(top, bottom, "∂");
  }
}
