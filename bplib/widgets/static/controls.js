// The controls: for each a slider and a typed entry, and the gradient step.
import { html, setAttr, setText } from "./dom.js";
import { fmt, parse } from "./format.js";
import { steadily } from "./guide.js";
import { onKeys, snap } from "./move.js";
import { training } from "./parts/training.js";
import { fill, words } from "./words.js";

// A typed entry. `accept` takes a number and returns "" or why not; `read` gives the number to show.
export const typed = (store, label, read, accept) => {
  let shown = NaN;
  let refusal = null; // the line under the figure that says why the entry is refused
  const show = () => {
    shown = read();
    input.value = fmt(shown);
    setAttr(input, "aria-invalid", null);
    if (refusal && store.message === refusal) store.say("");
    refusal = null;
  };
  const input = html("input", {
    type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": label,
    onchange: () => {
      const x = parse(input.value);
      const fault = typeof x === "string" ? x : accept(x);
      if (!fault) return show();
      setAttr(input, "aria-invalid", "true");
      store.say(fill(words.controls.stays, { fault, name: label, x: fmt(read()) }), true);
      refusal = store.message;
    },
    onkeydown: (event) => event.key === "Escape" && show(),
  });
  // What is being typed stays until the number itself moves; what was refused, as long as the line that says why.
  const update = () => (refusal ? store.message !== refusal : read() !== shown) && show();
  return { input, update, show };
};

export const slider = (store, control) => {
  const { n, name, lo, hi } = control;
  const input = html("input", {
    type: "range", min: lo, max: hi, step: "any", "aria-label": name,
    oninput: () => {
      store.set(n, snap(control, Number(input.value)));
      update();
    },
  });
  onKeys(input, () => control, () => store.inputs[n], (x) => store.set(n, x));
  const update = () => {
    const x = store.inputs[n];
    input.value = x;
    setAttr(input, "aria-valuetext", fmt(x));
  };
  return { input, update, show: update };
};

// A control whose stops have names: a slider that tells its stop, a menu where the stops are words.
export const stopped = (store, { n, name, hi, stops }) => {
  const go = (k) => store.set(n, k);
  if (stops.some((stop) => Number.isNaN(Number(stop)))) {
    const select = html("select", { "aria-label": name, onchange: () => go(select.selectedIndex) }, ...stops.map((stop) => html("option", {}, stop)));
    const update = () => (select.selectedIndex = store.inputs[n]);
    return { parts: [select], update, show: update };
  }
  const range = html("input", { type: "range", min: 0, max: hi, step: 1, "aria-label": name, oninput: () => go(Number(range.value)) });
  const told = html("span", { class: "bp-delta", "aria-hidden": "true" });
  const update = () => {
    const stop = stops[store.inputs[n]].replace("-", "−");
    range.value = store.inputs[n];
    setAttr(range, "aria-valuetext", stop);
    setText(told, stop);
  };
  return { parts: [range, told], update, show: update };
};

// elsewhere: the inputs that a view has its own controls for.
// more: shows the controls that are not shown yet, or null.
export const mount = (el, store, { elsewhere, more }) => {
  const fields = []; // everything that can be moved: {update, show}
  const button = (text, onclick, className) => html("button", { type: "button", class: className, onclick }, text);
  const rows = store.controls.filter(({ n }) => !elsewhere.includes(n)).map((control) => {
    const { n } = control;
    const row = (...parts) => html("div", { class: "bp-control", "data-part": control.name }, html("span", { class: "bp-name", "aria-hidden": "true" }, control.name), ...parts);
    if (control.stops) {
      const field = stopped(store, control);
      fields.push(field);
      return row(...field.parts);
    }
    const range = slider(store, control);
    const entry = typed(store, control.name, () => store.inputs[n], (x) => store.set(n, x));
    fields.push(range, entry);
    return row(range.input, entry.input);
  });
  const actions = html("div", { class: "bp-buttons" });
  if (store.source.learns) {
    const rate = typed(store, words.controls.rate, () => store.rate, (x) => store.setRate(x));
    fields.push(rate);
    actions.append(
      html("span", { class: "bp-buttons", "data-part": "step" },
        button(words.controls.step, () => store.step(), "bp-main"),
        training(store),
        html("label", { class: "bp-rate" }, `${words.controls.rate} `, rate.input)),
    );
  }
  if (more) {
    const all = button(words.controls.all, () => {
      const first = rows.find((row) => row.hidden);
      steadily(el.nextElementSibling, () => {
        more();
        all.remove();
      });
      first.querySelector("[aria-label]").focus({ preventScroll: true });
    }, "bp-open");
    actions.append(all);
  }
  el.append(html("div", { class: "bp-controls" }, ...rows), actions);
  const update = () => fields.forEach((field) => field.update());
  update();
  const unsubscribe = store.subscribe(update);
  return {
    // Puts the figure back with `reset`, and the entries with it: also what is being typed.
    restart: (reset) => {
      reset();
      fields.forEach(({ show }) => show());
    },
    unmount: () => {
      store.pause();
      unsubscribe();
    },
  };
};
