// A picture that Python draws: controls with stops, the picture, what it shows in words, and what went wrong.
import { html, keepKeys, setAttr, setText } from "./dom.js";
import { mount as foot } from "./foot.js";
import { fmt, parse } from "./format.js";
import { fill, words } from "./words.js";

const PATIENCE = 600; // ms for Python to answer before the figure says what it shows instead

const same = (a, b) => a?.length === b.length && b.every((x, k) => x === a[k]);

// One control: an element, and what puts it at a stop.
const KINDS = {
  slider({ name, stops }, move, say) {
    const numbers = stops.map(Number);
    const range = html("input", {
      type: "range", min: 0, max: stops.length - 1, step: 1, "aria-label": name, oninput: () => move(Number(range.value)),
    });
    const refuse = (why) => {
      setAttr(typed, "aria-invalid", "true");
      say(fill(words.controls.stays, { fault: why, name, x: fmt(numbers[range.value]) }), true);
    };
    const typed = html("input", {
      type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", size: 9, "aria-label": fill(words.controls.typed, { name }),
      onchange: () => {
        const x = parse(typed.value);
        if (typeof x === "string") return refuse(x);
        const [lo, hi] = [Math.min(...numbers), Math.max(...numbers)];
        if (x < lo || x > hi) return refuse(fill(words.explore.outside, { x: fmt(x), lo: fmt(lo), hi: fmt(hi) }));
        const gaps = numbers.map((stop) => Math.abs(stop - x));
        const i = gaps.indexOf(Math.min(...gaps));
        move(i);
        if (gaps[i] > 1e-9 * Math.abs(x)) say(fill(words.explore.nearest, { name, stop: fmt(numbers[i]), x: fmt(x) }));
      },
      onkeydown: (event) => event.key === "Escape" && show(Number(range.value)),
    });
    const show = (i) => {
      range.value = i;
      typed.value = fmt(numbers[i]);
      setAttr(range, "aria-valuetext", fmt(numbers[i]));
      range.style.setProperty("--bp-fill", `${(100 * i) / Math.max(1, stops.length - 1)}%`);
      setAttr(typed, "aria-invalid", null);
    };
    return { parts: [range, typed], show };
  },
  menu({ name, stops }, move) {
    const menu = html(
      "select", { "aria-label": name, onchange: () => move(menu.selectedIndex) },
      ...stops.map((stop) => html("option", {}, stop)),
    );
    return { parts: [menu], show: (i) => (menu.selectedIndex = i) };
  },
  checkbox({ name }, move) {
    const box = html("input", { type: "checkbox", "aria-label": name, onchange: () => move(Number(box.checked)) });
    return { parts: [box], show: (i) => (box.checked = i === 1) };
  },
};

export const render = ({ model, el }) => {
  const controls = model.get("controls").map((control) => ({ ...control, name: control.name.replaceAll("_", " ") }));
  const [width, height] = model.get("size");
  const names = controls.map(({ name }) => name).join(", ");
  const image = html("img", { class: "bp-picture", width, height, alt: words.explore.alt });
  const caption = html("p", { class: "bp-caption", role: "status" });
  const said = html("p", { class: "bp-said", role: "status" });
  const say = (text, fault = false) => {
    setText(said, text);
    said.classList.toggle("bp-fault", fault);
  };

  const go = (at) => {
    if (same(model.get("at"), at)) return update();
    model.set("at", at);
    model.save_changes();
  };
  const rows = controls.map((control, k) => {
    const { parts, show } = KINDS[control.kind](control, (i) => go(model.get("at").with(k, i)), say);
    const label = html("span", { class: "bp-name", "aria-hidden": "true" }, control.name);
    return { show, row: html("div", { class: `bp-control bp-${control.kind}` }, label, ...parts) };
  });

  let shown = null; // the frame on screen
  let address = "";
  const paint = (frame) => {
    if (frame === shown) return;
    shown = frame;
    const before = address;
    address = URL.createObjectURL(new Blob([frame.image]));
    image.src = address;
    // The browser keeps the old picture on screen until it has read the new one.
    image.decode().catch(() => {}).finally(() => URL.revokeObjectURL(before));
    setText(caption, frame.alt);
  };

  const place = (at) => at.map((i, k) => `${controls[k].name} = ${controls[k].stops[i].replaceAll("-", "−")}`).join(", ");
  const nearest = (frames, at) => {
    const far = (frame) => Math.hypot(...at.map((i, k) => (i - frame.at[k]) / controls[k].stops.length));
    return frames.reduce((best, frame) => (far(frame) < far(best) ? frame : best));
  };
  let timer = 0;
  const update = () => {
    clearTimeout(timer);
    const at = model.get("at");
    const known = [...model.get("frames"), model.get("picture"), model.get("fault")];
    const answer = known.find((frame) => same(frame.at, at));
    rows.forEach(({ show }, k) => show(at[k]));
    say(answer?.message ?? "", answer?.message !== undefined);
    if (answer?.image) return paint(answer);
    if (answer) return;
    paint(nearest(known.filter((frame) => frame.image), at));
    timer = setTimeout(() => {
      say(fill(words.explore.waiting, { place: place(at), shown: place(shown.at) }));
    }, PATIENCE);
  };

  const root = html("div", {
    class: "bp-live bp-explore", role: "group", "aria-label": fill(words.explore.label, { names }),
    onkeydown: keepKeys,
  });
  const end = html("div", { class: "bp-section bp-foot" });
  root.append(html("div", { class: "bp-controls" }, ...rows.map(({ row }) => row)), image, caption, said, end);
  el.append(root);
  foot(end, { site: model.get("site"), reset: () => go(controls.map(({ start }) => start)), say });
  model.set("scale", Math.min(2, Math.max(1, devicePixelRatio)));
  model.save_changes();
  const events = ["change:at", "change:picture", "change:fault", "change:frames"];
  for (const event of events) model.on(event, update);
  update();
  return () => {
    clearTimeout(timer);
    for (const event of events) model.off(event, update);
    URL.revokeObjectURL(address);
  };
};
