// The slider of a control right beside the picture that it moves, with its number: on a narrow page the figure's own
// controls are out of sight by then. A wide one shows none (near.css).
import { slider } from "../controls.js";
import { html, setText } from "../dom.js";
import { fmt } from "../format.js";

export const near = (store) => {
  const name = html("span", { class: "bp-name", "aria-hidden": "true" });
  const number = html("span", { class: "bp-value" });
  const element = html("div", { class: "bp-control bp-near" }, name, number);
  let shown;
  let range;
  return {
    element,
    show: (control) => {
      if (shown !== control) {
        range?.input.remove();
        range = slider(store, control);
        name.after(range.input);
        setText(name, control.name);
        shown = control;
      }
      range.update();
      setText(number, fmt(store.inputs[control.n]));
    },
  };
};
