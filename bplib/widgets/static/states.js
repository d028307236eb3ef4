// A state of a figure as text, "neuron:1:w=0.5,b=0.1&rate=2&task=3"; bplib/widgets/states.py writes and reads the
// same. What a text leaves out is at its start; only the task then stays what it is.
import { parse } from "./format.js";
import { fill, words } from "./words.js";

const VERSION = 1; // that is written; a text without one is of the first form there was, which had numbers only
const FURTHER = ["rate", "task"];

// numbers: {name: x}; rate, task: null where they are as at the start.
export const write = (name, { numbers, rate, task }) => {
  const pairs = Object.entries(numbers).map(([key, x]) => `${key}=${x}`).join(",");
  const further = Object.entries({ rate, task }).map(([key, x]) => (x === null ? "" : `&${key}=${x}`)).join("");
  return `${name}:${VERSION}:${pairs}${further}`;
};

// Entries such as "w=0.5", each of a name that is known, and of none twice.
const pairs = (entries, known) => {
  const found = {};
  for (const entry of entries) {
    const [key, number, ...rest] = entry.split("=");
    if (!known.includes(key)) throw fill(words.store.unknown, { name: key || "=" });
    if (key in found) throw fill(words.store.twice, { name: key });
    const x = rest.length ? words.numbers.none : parse(number ?? "");
    if (typeof x === "string") throw `${key}: ${x}`;
    found[key] = x;
  }
  return found;
};

// Reads what follows "neuron:". Returns {numbers, rate, task} or a sentence that says what is wrong.
// names: of every number that a state may hold; tasks: how many the figure has.
export const read = (text, names, tasks) => {
  const [, version = "0", said] = /^(?:(\d+):)?(.*)$/s.exec(text);
  if (Number(version) > VERSION) return fill(words.store.newer, { version });
  if (!said) return words.store.empty;
  const [entries, ...further] = said.split("&");
  try {
    const numbers = pairs(entries ? entries.split(",") : [], names);
    const { rate = null, task = null } = pairs(further, FURTHER);
    if (rate !== null && !(rate > 0)) return words.store.rate;
    if (task !== null && !(Number.isInteger(task) && task > 0 && task <= tasks)) {
      return fill(words.store.noTask, { k: task, n: tasks });
    }
    return { numbers, rate, task };
  } catch (fault) {
    if (typeof fault !== "string") throw fault;
    return fault;
  }
};
