// The slider of a control right beside the picture that it moves, with its number: on a narrow page the figure's own
// controls are out of sight by then. A wide one shows none (near.css).
import { slider, stopped } from "../controls.js";
import { html, setText } from "../dom.js";
import { fmt } from "../format.js";

const numbered = (store, control) => {
  const { input, update } = slider(store, control);
  const number = html("span", { class: "bp-value" });
  return {
    parts: [input, number],
    update: () => {
      update();
      setText(number, fmt(store.inputs[control.n]));
    },
  };
};

export const near = (store) => {
  const name = html("span", { class: "bp-name", "aria-hidden": "true" });
  const element = html("div", { class: "bp-control bp-near" }, name);
  let shown;
  let field;
  return {
    element,
    show: (control) => {
      if (shown !== control) {
        field = (control.stops ? stopped : numbered)(store, control);
        setText(name, control.name);
        element.replaceChildren(name, ...field.parts);
        shown = control;
      }
      field.update();
    },
  };
};

// What a task is about: first the control that it waits for, then those that it opens or starts elsewhere.
const about = ({ until = [], opens = [], start } = {}, first) => ({ n, name }) => {
  if (until[0] === "reached" && until[1] === n) return 2;
  return Number(opens.includes(name) || (start !== undefined && start[n] !== first[n]));
};

// The same for several controls that are open, without those that a view has its own way to move. There is room for
// `most`: for what the present task is about, then for what was moved last. They stand in the figure's order, so that
// none gives way under a finger.
export const nearAll = (store, most, claimed = []) => {
  const controls = store.controls.filter(({ n }) => !claimed.includes(n));
  const slots = controls.slice(0, most).map(() => near(store));
  return {
    elements: slots.map(({ element }) => element),
    update: () => {
      const task = about(store.tasks[store.task - 1], store.source.start);
      const moved = ({ n }) => store.moved.get(n) ?? 0;
      const first = controls.filter(({ name }) => store.open.has(name))
        .toSorted((a, b) => task(b) - task(a) || moved(b) - moved(a)).slice(0, most);
      const shown = controls.filter((control) => first.includes(control));
      slots.forEach(({ element, show }, k) => {
        element.hidden = !shown[k];
        if (shown[k]) show(shown[k]);
      });
    },
  };
};
