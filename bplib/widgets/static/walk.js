// The parts of a picture that can be read: one stop of the Tab key, arrows move among them, pointing reads too.
import { setAttr, svg } from "./dom.js";

// onpick(key) is told what is pointed at or focused, and null when it is left; onclose() of a tap beside the parts.
export const walker = (onpick, onclose) => {
  let shapes = []; // {key, element, update, onenter}
  let focused = 0;
  // What has the focus is read again when the mouse leaves another.
  const rest = () => shapes.find(({ element }) => element === document.activeElement)?.key ?? null;
  return {
    clear: () => (shapes = []),
    update: (now) => shapes.forEach(({ update }) => update(now)),
    part: (key) => shapes.find((shape) => shape.key === key)?.element,
    focus: () => shapes[focused]?.element.focus(),
    onkeydown(event) {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const to = { Home: 0, End: shapes.length - 1 }[event.key] ?? (by && focused + by);
      const enter = (event.key === "Enter" || event.key === " ") && shapes[focused].onenter;
      if ((to === undefined && !enter) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (enter) enter();
      else shapes[to]?.element.focus();
    },
    onpointerdown: (event) => event.target === event.currentTarget && onclose(),
    // update(now) returns {label, ...states}: each state is a class that is there or not. With onenter, a click or
    // the Enter key does more than read.
    add(key, className, parts, update, onenter) {
      const place = shapes.length;
      const hover = (to) => (event) => event.pointerType === "mouse" && onpick(to());
      const element = svg("g", {
        class: className, role: onenter ? "button" : "img", tabindex: place === focused ? 0 : -1,
        onfocus: () => {
          setAttr(shapes[focused].element, "tabindex", -1);
          setAttr(element, "tabindex", 0);
          focused = place;
          onpick(key);
        },
        onblur: () => onpick(null), onpointerenter: hover(() => key), onpointerleave: hover(rest),
        onclick: () => {
          element.focus();
          onenter?.(true);
        },
      }, ...parts);
      shapes.push({
        key, element, onenter,
        update: (now) => {
          const { label, ...states } = update(now);
          setAttr(element, "aria-label", label);
          for (const name in states) element.classList.toggle(`bp-${name}`, !!states[name]);
        },
      });
      return element;
    },
  };
};
