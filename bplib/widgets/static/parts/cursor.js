// Where one reads a chart: a line at one of some places along its horizontal axis. Keys move it, a mouse points, a finger
// taps or slides; and a mouse that is dragged selects a range, if the chart has a use for that.
import { setAll, setAttr, svg } from "../dom.js";
import { onKeys } from "../move.js";

const SLIP = 6; // px: a shorter way of the mouse while it is down is no drag

// sheet: the chart. onread(x): the number where one reads, null when one reads no more. onrange(lo, hi): a drag.
// onzoom(by): the keys + and -, as 1 and -1; and 0, as a double click.
export const cursor = (sheet, { onread, onrange, onzoom }) => {
  const { picture } = sheet;
  const band = svg("rect", { class: "bp-band", visibility: "hidden" });
  const line = svg("path", { class: "bp-cursor-line" });
  const element = svg("g", { class: "bp-cursor", role: "slider", tabindex: 0 }, line);
  sheet.put(band, picture);
  sheet.put(element, picture);
  setAttr(picture, "role", "group");
  let places = [0]; // their numbers, from left to right
  let kept = null; // the number that is read while the focus is here
  let read = null;
  let down = null; // {px, mouse}: where the pointer went down

  const tell = (x) => {
    if (x === read) return;
    read = x;
    onread(x);
  };
  const keep = (x) => {
    kept = x;
    tell(x);
  };
  const nearestTo = (px) => {
    const away = (x) => Math.abs(sheet.xAt(x) - px);
    return places.reduce((best, x) => (away(x) < away(best) ? x : best), places[0]);
  };
  // Which of the places is kept; after a zoom it may be the nearest to it.
  const index = () => Math.max(0, places.indexOf(nearestTo(sheet.xAt(kept))));
  const grasps = (event) => event.target.closest(".bp-point");
  const range = (event) => {
    const { left, right } = sheet.ends;
    const within = (px) => Math.max(left, Math.min(right, px));
    return [down.px, sheet.pointed(event)].map(within).sort((a, b) => a - b);
  };

  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || grasps(event)) return;
    const mouse = event.pointerType === "mouse";
    down = { px: sheet.pointed(event), mouse };
    event.preventDefault(); // or the focus would leave with the mouse that a tap makes up
    if (!mouse) return;
    picture.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    keep(nearestTo(down.px));
  });
  picture.addEventListener("pointermove", (event) => {
    if (grasps(event) && !down) return;
    if (down?.mouse && onrange) {
      const [from, to] = range(event);
      const { top, bottom } = sheet.ends;
      const visibility = to - from > SLIP ? null : "hidden";
      setAll(band, { x: from, width: to - from, y: top, height: bottom - top, visibility });
    } else if (down || event.pointerType === "mouse") tell(nearestTo(sheet.pointed(event)));
  });
  picture.addEventListener("pointerup", (event) => {
    if (!down) return;
    const [from, to] = range(event);
    const { mouse } = down;
    down = null;
    setAttr(band, "visibility", "hidden");
    if (!mouse) {
      element.focus({ preventScroll: true });
      keep(nearestTo(sheet.pointed(event)));
    } else if (onrange && to - from > SLIP) onrange(sheet.numberAt(from), sheet.numberAt(to));
  });
  picture.addEventListener("pointercancel", () => {
    down = null;
    setAttr(band, "visibility", "hidden");
  });
  picture.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !down) tell(document.activeElement === element ? kept : null);
  });
  if (onzoom) picture.addEventListener("dblclick", () => onzoom(0));

  element.addEventListener("focus", () => keep(kept === null ? places[places.length >> 1] : places[index()]));
  element.addEventListener("blur", () => tell(null));
  onKeys(element, () => ({ lo: 0, hi: places.length - 1, step: 1 }), index, (k) => keep(places[k]));
  element.addEventListener("keydown", (event) => {
    const by = { "+": 1, "=": 1, "-": -1, 0: 0 }[event.key];
    if (event.key === "Escape") element.blur();
    if (by === undefined || !onzoom || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    onzoom(by);
  });

  return {
    // places: the numbers at which one can read; label: what is read, told: what is read there.
    show(now, label, told) {
      places = now.length ? now : [0];
      const { top, bottom } = sheet.ends;
      setAttr(line, "d", !places.includes(read) ? "" : `M${sheet.xAt(read).toFixed(2)} ${bottom}V${top}`);
      setAll(element, {
        "aria-label": label, "aria-valuemin": 0, "aria-valuemax": places.length - 1,
        "aria-valuenow": kept === null ? 0 : index(), "aria-valuetext": told,
      });
    },
    get at() { return read; },
  };
};
