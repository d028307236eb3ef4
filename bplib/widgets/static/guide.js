// What a figure asks, one task after the other, and which of its parts are shown by then.
import { html, setAttr, setText } from "./dom.js";
import { INNER, met, openAt, openAtFirst, passesAt } from "./tasks.js";
import { fill, words } from "./words.js";

// The parts of a figure: elements that carry a name, data-part, and parts of views, which the style finds.
// controls: the names of those in the panel; kinds: of the views.
export const partsOf = (root, store, controls, kinds) => {
  const inner = [...new Set(kinds.flatMap((kind) => INNER[kind] ?? []))];
  const named = () => [...root.querySelectorAll("[data-part]")];
  const show = (names) => {
    store.open = names;
    for (const element of named()) element.hidden = !names.has(element.dataset.part);
    setAttr(root, "data-closed", inner.filter((part) => !names.has(part)).join(" ") || null);
    store.changed();
  };
  const all = () => new Set([...named().map(({ dataset }) => dataset.part), ...inner]);
  return {
    add: (names) => show(new Set([...store.open, ...names])),
    all: () => show(all()),
    begin: () => show(openAtFirst([...all()], controls)),
    isWhole: () => [...all()].every((part) => store.open.has(part)),
  };
};

// Scrolls by as much as the change moved what the reader looks at.
export const steadily = (seen, change) => {
  const before = seen.getBoundingClientRect().top;
  change();
  const by = seen.getBoundingClientRect().top - before;
  let scroller = seen.parentElement;
  while (scroller && !(scroller.scrollHeight > scroller.clientHeight && /auto|scroll/.test(getComputedStyle(scroller).overflowY))) {
    scroller = scroller.parentElement;
  }
  if (by) (scroller ?? document.scrollingElement).scrollBy({ top: by, behavior: "instant" });
};

// One of several texts, with room for the longest: what stands below never moves. They lie on each other.
const stack = (className, texts) => {
  const elements = texts.map((parts) => html("p", {}, ...parts));
  return {
    element: html("div", { class: `bp-stack ${className}` }, ...elements),
    show: (k) => elements.forEach((element, i) => element.classList.toggle("bp-shown", i === k)),
  };
};

// parts: see partsOf; remake: makes the views anew.
export const mount = (el, store, { parts, remake }) => {
  const { tasks } = store;
  const several = tasks.length > 1;
  const done = new Set();
  let shown = 0; // the task on screen; 0 before the first
  let asked = false; // for the answer of it
  const button = (text, onclick, className) => html("button", { type: "button", class: className, onclick }, text);
  const ticks = tasks.map(() => html("span", { class: "bp-tick", role: "img" }));
  const questions = stack("bp-asks", tasks.map(({ asks }, i) => [
    ticks[i], ...(several ? [html("span", { class: "bp-turn" }, fill(words.tasks.turn, { k: i + 1, n: tasks.length }))] : []), asks,
  ]));
  const answers = stack("bp-then", tasks.map(({ then = "" }) => [then]));
  const heard = html("span", { class: "bp-heard", role: "status" });
  const go = (k) => {
    if (k < 1 || k > tasks.length) return;
    if (!tasks[shown - 1].until) done.add(shown);
    begin(k);
  };
  const back = button(words.tasks.back, () => go(shown - 1));
  const next = button(words.tasks.next, () => go(shown + 1), "bp-next");
  const tell = button(words.tasks.answer, () => {
    asked = true;
    if (!tasks[shown - 1].until) done.add(shown);
    update();
  });
  const whole = button(words.tasks.whole, parts.all, "bp-open");
  el.append(
    questions.element,
    html("div", { class: "bp-buttons" }, ...(several ? [back, next] : []), ...(tasks.some(({ then }) => then) ? [tell] : []), whole),
    ...(tasks.some(({ then }) => then) ? [answers.element] : []), heard,
  );

  // Puts the figure to where the present task begins; what it does not say is as the figure begins.
  const restart = () => {
    const { start, rate } = tasks[store.task - 1];
    store.reset(start, rate);
    listen();
    remake(passesAt(tasks, store.task));
  };
  // Begins a task; one that says no start goes on from where the reader is.
  const begin = (k) => {
    const { start, rate, passes } = tasks[k - 1];
    store.task = k;
    enter();
    if (start || rate) store.reset(start, rate);
    if (passes) remake(passes);
    store.changed();
  };
  // What the reader does counts from now on, for a task that waits.
  const listen = () => {
    store.events = tasks[shown - 1].until && !done.has(shown) ? [] : null;
  };
  const enter = () => {
    shown = store.task;
    asked = false;
    listen();
    setText(heard, "");
    parts.add(openAt(tasks, shown));
  };
  const notice = () => {
    const { until, then = "" } = tasks[shown - 1];
    if (!until || done.has(shown) || !met(until, store)) return;
    done.add(shown);
    store.events = null;
    setText(heard, `${words.tasks.done} ${then}`);
  };
  const update = () => {
    // A link, or Python, may have named another task.
    if (shown !== store.task) {
      const passes = shown && passesAt(tasks, store.task);
      enter();
      if (passes) remake(passes);
    }
    notice();
    const { then } = tasks[shown - 1];
    const finished = done.has(shown);
    questions.show(shown - 1);
    answers.show(then && (finished || asked) ? shown - 1 : -1);
    ticks.forEach((tick, i) => {
      setText(tick, done.has(i + 1) ? "✓" : "");
      setAttr(tick, "aria-label", done.has(i + 1) ? words.tasks.done : null);
    });
    setAttr(back, "aria-disabled", shown > 1 ? null : "true");
    setAttr(next, "aria-disabled", shown < tasks.length ? null : "true");
    next.classList.toggle("bp-main", finished && shown < tasks.length);
    tell.classList.toggle("bp-unseen", !then || finished || asked);
    whole.classList.toggle("bp-unseen", parts.isWhole());
  };
  return { restart, update, unmount: store.subscribe(update) };
};
