// A live figure: one store, its controls, its views, a line that speaks, and the numbers as a table.
import { html, keepKeys, setText } from "./dom.js";
import { mount as foot } from "./foot.js";
import { mount as guide, partsOf } from "./guide.js";
import { Store } from "./store.js";
import { FramesSource } from "./sources/frames.js";
import { LanesSource } from "./sources/lanes.js";
import { ProgramSource } from "./sources/program.js";
import { ShapesSource } from "./sources/shapes.js";
import { TapeSource } from "./sources/tape.js";
import { mount as controls } from "./controls.js";
import { mount as table } from "./table.js";
import { passesAt } from "./tasks.js";
import { WIDEST, caption } from "./say.js";
import { fill, words } from "./words.js";

export const isSite = () => document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]') !== null;

// The address of a page, or a link, may hold a state: "#neuron:1:w=0.5,b=0.1".
export const linked = (hash) => {
  const text = hash.slice(1);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const NODES = ["graph", "ribbons"]; // the views that draw all nodes
const SOURCES = { tape: TapeSource, program: ProgramSource, frames: FramesSource, shapes: ShapesSource, lanes: LanesSource };

// views: a table of mount(element, store, spec), each of which returns its cleanup.
export const figure = (views) => ({ model, el }) => {
  const spec = model.get("spec");
  const { name } = spec;
  const store = new Store(new SOURCES[spec.source.kind](spec.source), spec, model.get("inputs"), model.get("rate"));
  const { tasks } = store;
  store.task = model.get("task") ?? 1;
  const { output } = store.source;
  const moving = store.controls.map((control) => control.name).join(", ");
  const root = html("div", {
    class: "bp-live", role: "group", "aria-label": fill(output ? words.figure.label : words.figure.plain, { name, output, inputs: moving }),
    onkeydown: keepKeys,
  });
  const { element: said, line, keep } = caption("bp-said", "p", "status");
  if (store.source.learns) keep(fill(words.store.step, { output, predicted: WIDEST, truth: WIDEST }));
  const hash = isSite();
  const place = (view) => html("div", { class: `bp-section bp-${view}` });
  const section = (mount, extra) => {
    root.append(place(extra.view));
    return mount(root.lastChild, store, extra);
  };
  el.append(root);
  const elsewhere = spec.views.flatMap((view) => view.claims ?? []);
  // What a reader chose in a view is the view's own: made anew, it shows what it showed at the start.
  const places = spec.views.map(({ view }) => place(view));
  places.forEach((element, k) => {
    const before = spec.views.slice(0, k).filter(({ view }) => view === spec.views[k].view).length;
    element.dataset.part = spec.views[k].view + (before ? ` ${before + 1}` : "");
  });
  let unmounts = [];
  const unmount = () => unmounts.forEach((cleanup) => cleanup());
  const mountViews = () => {
    unmount();
    places.forEach((each) => each.replaceChildren());
    unmounts = spec.views.map((view, k) => views[view.view](places[k], store, view));
  };
  const remake = (passes) => {
    store.passes = passes; // "ahead", "done" or null: where the passes of a view begin
    mountViews();
  };
  const inPanel = store.controls.filter(({ n }) => !elsewhere.includes(n)).map((control) => control.name);
  const parts = partsOf(root, store, inPanel, spec.views.map(({ view }) => view));
  const asking = tasks.length ? section(guide, { view: "guide", parts, remake }) : null;
  const reset = asking?.restart ?? (() => {
    store.reset();
    remake(null);
  });
  const more = tasks.length || inPanel.length <= 2 ? null : parts.all;
  const panel = section(controls, { view: "panel", elsewhere, more });
  const cleanups = [panel.unmount, unmount];
  if (asking) cleanups.push(asking.unmount);
  root.append(...places, said);
  // First what is shown, then the views: one that is drawn and then loses its neighbour would be drawn again.
  (asking?.update ?? parts.begin)();
  remake(passesAt(tasks, store.task));
  const end = place("foot");
  root.append(end);
  const site = model.get("site");
  foot(end, { site, state: () => store.state(name), link: hash, reset: () => panel.restart(reset), say: (text) => store.say(text) });
  const drawn = spec.views.some(({ view }) => NODES.includes(view));
  cleanups.push(table(end, store, { quantities: spec.views.flatMap((view) => view.quantities ?? []), drawn }));

  // One way in, one way out; equal numbers stop the echo.
  const same = (a, b) => a.length === b.length && a.every((x, k) => x === b[k]);
  const show = () => {
    setText(line, store.message.text);
    said.classList.toggle("bp-silent", !store.message.text);
    said.classList.toggle("bp-fault", store.message.fault);
    if (!same(model.get("inputs"), store.inputs) || model.get("rate") !== store.rate || (model.get("task") ?? 1) !== store.task) {
      model.set("inputs", store.inputs);
      model.set("rate", store.rate);
      model.set("task", store.task);
      model.save_changes();
    }
  };
  cleanups.push(store.subscribe(show));
  const news = {
    inputs: () => same(model.get("inputs"), store.inputs) || store.propose(model.get("inputs")),
    rate: () => model.get("rate") === store.rate || store.setRate(model.get("rate")),
    task: () => {
      store.task = model.get("task") ?? 1;
      store.changed();
    },
  };
  for (const [what, heed] of Object.entries(news)) {
    model.on(`change:${what}`, heed);
    cleanups.push(() => model.off(`change:${what}`, heed));
  }

  // Takes a state that a link names.
  const take = (text) => {
    if (!text.startsWith(`${name}:`)) return false;
    const fault = store.restore(text.slice(name.length + 1));
    if (fault) store.say(fill(words.figure.damaged, { fault }), true);
    root.scrollIntoView({ block: "nearest" });
    return true;
  };
  // Alone on its page a figure is all that an address can mean.
  const fromAddress = () => {
    const text = linked(location.hash);
    if (!take(text) && text && site?.alone) store.say(fill(words.figure.other, { text, name }), true);
  };
  // A link in the text. On the site the address takes its state, and a second click on the same link changes no
  // address but asks for the state again; JupyterLab's address is its own.
  const onClick = (event) => {
    const link = event.target.closest?.("a[href]");
    const again = hash && link?.hash === location.hash;
    const beside = !hash && link?.getAttribute("href").startsWith("#") && link.closest(".jp-NotebookPanel")?.contains(root) !== false;
    if ((again || beside) && take(linked(link.hash)) && beside) event.preventDefault();
  };
  const listen = (...to) => {
    addEventListener(...to);
    cleanups.push(() => removeEventListener(...to));
  };
  listen("click", onClick, true);
  if (hash) {
    listen("hashchange", fromAddress);
    fromAddress();
  }
  root.store = store; // for the console, and for tests
  store.flush();
  return () => cleanups.forEach((cleanup) => cleanup());
};
