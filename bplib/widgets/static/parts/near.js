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

// The same for several controls: those with which a figure opens, without the ones that a view has its own way to move.
export const nearAll = (store, most, claimed = []) => {
  const controls = store.controls.filter(({ n }) => !claimed.includes(n)).slice(0, most);
  const handles = controls.map((control) => ({ control, ...near(store) }));
  return {
    elements: handles.map(({ element }) => element),
    update: () => handles.forEach(({ control, show }) => show(control)),
  };
};
