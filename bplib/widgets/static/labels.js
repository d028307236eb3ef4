// What the nodes of a tape are called on screen.
import { fmt } from "./format.js";

const INFIX = { add: "+", sub: "−", mul: "×", div: "÷" };
const SHORT = { maximum: "max", minimum: "min", leaky_relu: "leaky relu" };
const LONGEST = 12;

// An operation written with the given texts as its arguments.
export const write = (op, a, b) => {
  if (INFIX[op]) return `${a} ${INFIX[op]} ${b}`;
  if (op === "pow") return `${a}^${b}`;
  if (op === "neg") return `−${a}`;
  if (op === "abs") return `|${a}|`;
  return `${SHORT[op] ?? op}(${b === undefined ? a : `${a}, ${b}`})`;
};

const isFunction = (op) => !INFIX[op] && op !== "pow" && op !== "neg";

// A number as an argument: one below 0 needs brackets beside a sign.
export const writeNumbers = (op, numbers) =>
  write(op, ...numbers.map((x) => (x < 0 && !isFunction(op) ? `(${fmt(x)})` : fmt(x))));

export class Labels {
  constructor(tape) {
    this.tape = tape;
    // name: what a node is called; formula: how it is computed; tag: its operation, with constants folded in.
    this.names = [];
    this.formulas = [];
    this.tags = [];
    tape.nodes.forEach(([op, ...args], i) => {
      if (op === "const") {
        this.names[i] = this.formulas[i] = fmt(args[0]);
      } else if (op === "input") {
        this.names[i] = this.formulas[i] = tape.names[i];
      } else {
        const texts = args.map((j) => this.asArgument(op, j));
        this.formulas[i] = write(op, ...texts);
        this.tags[i] = this.tagOf(op, args);
        const short = this.formulas[i].length <= LONGEST ? this.formulas[i] : `u${i}`;
        this.names[i] = tape.names[i] || short;
      }
    });
  }

  // Brackets where an argument is itself an unnamed sum or product.
  asArgument(op, j) {
    const [inner, number] = this.tape.nodes[j];
    const bare = inner === "input" || (inner === "const" && number >= 0) || isFunction(inner);
    return bare || isFunction(op) || this.tape.names[j] || /^u\d+$/.test(this.names[j])
      ? this.names[j]
      : `(${this.names[j]})`;
  }

  tagOf(op, args) {
    const [a, b] = args.map((j) => (this.tape.nodes[j][0] === "const" ? this.names[j] : ""));
    if (INFIX[op]) return `${a} ${INFIX[op]} ${b ?? ""}`.trim();
    if (op === "pow") return `${a}^${b}`;
    if (op === "neg") return "−";
    if (op === "abs") return "| |";
    return `${SHORT[op] ?? op}${a || b ? ` ${a || b}` : ""}`;
  }

  // "dloss/dz", with brackets round an expression: "dloss/d(w × x)".
  derivative(top, bottom) {
    const part = (i) => (this.names[i].includes(" ") || this.names[i].includes("^") ? `(${this.names[i]})` : this.names[i]);
    return `d${part(top)}/d${part(bottom)}`;
  }
}
