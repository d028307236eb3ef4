// How a control moves: on its grid of steps, by keys, and by a point on a curve.

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

// A point on a curve moves control(), by the pointer anywhere in the picture and by keys. ends(): where the axis
// begins and ends, in px.
export const onCurve = (store, picture, point, control, ends) => {
  const follow = (event) => {
    const { n, lo, hi } = control();
    const [left, right] = ends();
    const part = (event.clientX - picture.getBoundingClientRect().left - left) / (right - left);
    store.set(n, snap(control(), lo + part * (hi - lo)));
  };
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    point.focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
  });
  picture.addEventListener("pointermove", (event) => picture.hasPointerCapture(event.pointerId) && follow(event));
  onKeys(point, control, () => store.inputs[control().n], (x) => store.set(control().n, x));
};
