// Tells RequireJS where the site keeps what Jupyter widgets would otherwise take from a CDN.
// The address of this script makes every path absolute, at any page depth and under file:// too.
(() => {
  const here = new URL(".", document.currentScript.src).href;
  requirejs.config({
    paths: {
      anywidget: here + "anywidget",
      "@jupyter-widgets": here + "fonts",
      "@jupyter-widgets/html-manager/dist": here + "fonts",
    },
  });
  // The widget manager speaks MathJax 2, the page has MathJax 3. Its own "load" listener comes after this one.
  addEventListener("load", () => {
    const typeset = (node) => window.MathJax.startup?.promise.then(() => MathJax.typesetPromise([node]));
    window.MathJax ??= {};
    window.MathJax.Hub = { Queue: (...calls) => calls.forEach(([, , node]) => typeset(node)) };
  });
})();
