// Puts the page's figures in their places, before the formulas are set. A figure of this book asks of its model
// no more than `get`, `set`, `on` and `off`; the widget manager, 3.7 MB of script, is loaded only by a page that
// has a widget of another kind.
(() => {
  const here = new URL(".", document.currentScript.src).href;
  const scripts = (what) => [
    ...document.querySelectorAll(`script[type="application/vnd.jupyter.widget-${what}+json"]`),
  ];
  const widgets = Object.assign({}, ...scripts("state").map((script) => JSON.parse(script.textContent).state));

  function loadManager() {
    for (const name of ["require.js", "require-config.js", "embed-amd.js"]) {
      const script = document.createElement("script");
      script.async = false; // they run in this order
      script.dataset.jupyterWidgetsCdn = "./no-cdn/";
      script.src = here + name;
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

  // Figures often share their script and style: each text is taken once.
  const once = (make) => {
    const made = new Map();
    return (text) => {
      if (!made.has(text)) made.set(text, make(text));
      return made.get(text);
    };
  };
  const load = once((text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" }))));
  const dress = once((text) => {
    const style = document.createElement("style");
    style.textContent = text;
    document.head.append(style);
  });
  const modelOf = once((id) => new Model(widgets[id]));

  async function draw(script) {
    const el = document.createElement("div");
    const area = document.createElement("div");
    area.className = "widget-subarea";
    try {
      const model = modelOf(JSON.parse(script.textContent).model_id);
      const { default: widget } = await load(model.get("_esm"));
      dress(model.get("_css"));
      area.append(el);
      script.before(area);
      widget.render({ model, el });
    } catch (error) {
      console.error(error);
      area.textContent = `This figure cannot be drawn here. ${error}`;
      script.before(area);
    }
  }

  async function drawAll() {
    for (const script of scripts("view")) await draw(script);
  }

  const known = ({ model_name: name, state }) => name === "LayoutModel" || state._anywidget_id?.startsWith("bplib.");
  if (!Object.values(widgets).every(known)) return loadManager();
  const drawn = drawAll();
  if (window.MathJax) MathJax.startup = { pageReady: () => drawn.then(() => MathJax.startup.defaultPageReady()) };
})();
