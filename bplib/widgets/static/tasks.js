// The tasks of a figure, as Python places them (bplib/widgets/tasks.py): whether what one waits for has happened, and
// what is shown by then. Pure: numbers and events in, answers out.

// What is a part of a view and opens by itself, by kind; guide.css hides it.
export const INNER = { curve: ["nudge"], compose: ["whole", "mistake"], network: ["table", "move"], paths: ["pace"], ribbons: ["slopes"] };

// A condition is [kind, ...]. seen: {inputs, values, read} are the numbers now (store.js), `events` what the reader did since the task
// began: ["stepped"], ["walked"], ["read", node] or ["read", from, to].
// A node of a graph by its place, or a quantity of one number.
const now = (q, seen) => (typeof q === "number" ? seen.values[q] : seen.read(q).data[0]);

const MET = {
  reached: ([n, x, near], { inputs }) => Math.abs(inputs[n] - x) <= near,
  below: ([q, bound], seen) => now(q, seen) < bound,
  above: ([q, bound], seen) => now(q, seen) > bound,
  stepped: ([times], { events }) => events.filter(([what]) => what === "stepped").length >= times,
  walked: (_, { events }) => events.some(([what]) => what === "walked"),
  read: (nodes, { events }) => events.some(([what, ...read]) => what === "read" && (!nodes.length || read.join() === nodes.join())),
};

export const met = ([kind, ...rest], seen) => MET[kind](rest, seen);

// The parts that are open at task k, counted from 1.
export const openAt = (tasks, k) => new Set(tasks.slice(0, k).flatMap(({ opens }) => opens));

// Whether passes are ahead or done at task k: what was said last.
export const passesAt = (tasks, k) => tasks.slice(0, k).findLast(({ passes }) => passes)?.passes ?? null;

// Without tasks every view is open, and of the controls the first two.
export const openAtFirst = (parts, controls) => new Set(parts.filter((part) => !controls.slice(2).includes(part)));
