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

  const models = {};
  const modelOf = (id) => (models[id] ??= new window.bplib.Model(widgets[id]));

  function draw(script) {
    const el = document.createElement("div");
    const area = document.createElement("div");
    area.className = "widget-subarea";
    area.append(el);
    script.before(area);
    window.bplib.render({ model: modelOf(JSON.parse(script.textContent).model_id), el });
  }

  const asks = (script) => widgets[JSON.parse(script.textContent).model_id].state._bplib_kind === "predict";

  // Questions before all else, because they fold what a reader should not see yet. Then the first figure at once;
  // between two, the browser shows what it has.
  async function drawAll() {
    const views = scripts("view");
    views.filter(asks).forEach(draw);
    for (const script of views.filter((view) => !asks(view))) {
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
