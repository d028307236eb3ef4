// How a control moves: on its grid of steps, and by keys.

// A number on the control's grid of steps, without the noise of binary fractions.
export const snap = ({ lo, hi, step }, x) => {
  const steps = Math.round((x - lo) / step);
  return Math.min(hi, Math.max(lo, Number((lo + steps * step).toPrecision(12))));
};

// Keys on an element move what at() reads and move() sets; a key with a modifier is the browser's.
export const onKeys = (element, control, at, move) =>
  element.addEventListener("keydown", (event) => {
    const { lo, hi, step } = control();
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    const to = { Home: lo, End: hi }[event.key] ?? (by && snap(control(), at() + by * step));
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move(to);
  });
