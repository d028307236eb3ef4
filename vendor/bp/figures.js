// Puts the page's figures in their places, before the formulas are set. The library, `bplib` (live.js), draws them
// and asks of a figure's model no more than `get`, `set`, `on` and `off`; the widget manager, 3.7 MB of script, is
// loaded only by a page that has a widget of another kind.
(() => {
  const { src } = document.currentScript;
  const scripts = (what) => [
    ...document.querySelectorAll(`script[type="application/vnd.jupyter.widget-${what}+json"]`),
  ];
  const states = scripts("state").map((script) => ({ script, data: JSON.parse(script.textContent) }));
  const widgets = Object.assign({}, ...states.map(({ data }) => data.state));
  const isFigure = ({ state }) => !!window.bplib?.knows(state);

  // The manager asks each widget for its script: that of a figure leads back to the library.
  const BRIDGE = "export default { render: (figure) => window.bplib.render(figure) };";

  function loadManager() {
    Object.values(widgets).filter(isFigure).forEach(({ state }) => (state._esm = BRIDGE));
    states.forEach(({ script, data }) => (script.textContent = JSON.stringify(data)));
    for (const name of ["require.js", "require-config.js", "embed-amd.js"]) {
      const script = document.createElement("script");
      script.async = false; // they run in this order
      script.dataset.jupyterWidgetsCdn = "./no-cdn/";
      script.src = new URL(name, src).href;
      document.head.append(script);
    }
  }

  // Bytes travel beside the state, in base64; `path` leads to where they belong.
  function putBytes(state, { path, data }) {
    const place = path.slice(0, -1).reduce((part, key) => part[key], state);
    place[path.at(-1)] = new DataView(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)).buffer);
  }

  class Model {
    #state;
    #listeners = {};

    constructor({ state, buffers = [] }) {
      buffers.forEach((buffer) => putBytes(state, buffer));
      this.#state = state;
    }
    get(key) {
      return this.#state[key];
    }
    set(key, value) {
      const before = JSON.stringify(this.#state[key]);
      this.#state[key] = value;
      if (JSON.stringify(value) !== before) [...(this.#listeners[`change:${key}`] ?? [])].forEach((heard) => heard());
    }
    on(event, listener) {
      (this.#listeners[event] ??= new Set()).add(listener);
    }
    off(event, listener) {
      this.#listeners[event]?.delete(listener);
    }
    save_changes() {} // there is nobody to tell
  }

  const models = {};
  const modelOf = (id) => (models[id] ??= new Model(widgets[id]));

  function draw(script) {
    const el = document.createElement("div");
    const area = document.createElement("div");
    area.className = "widget-subarea";
    area.append(el);
    script.before(area);
    window.bplib.render({ model: modelOf(JSON.parse(script.textContent).model_id), el });
  }

  // The first at once; between two, the browser shows what it has.
  async function drawAll() {
    for (const script of scripts("view")) {
      draw(script);
      await new Promise((done) => setTimeout(done));
    }
    dispatchEvent(new Event("bp-drawn")); // beside.js waits for it
  }

  const isLayout = ({ model_name: name }) => name === "LayoutModel";
  if (!Object.values(widgets).every((widget) => isLayout(widget) || isFigure(widget))) return loadManager();
  const drawn = drawAll();
  if (window.MathJax) MathJax.startup = { pageReady: () => drawn.then(() => MathJax.startup.defaultPageReady()) };
})();
