// A figure alone on its page (tools/embed.py). ?dark and ?light choose its colours, else the reader's preference does.
// In a frame it tells the page around it how high it is, {bplib: 1, name, height}; it listens to no window.
(() => {
  const page = document.documentElement;
  const asked = new URLSearchParams(location.search);
  const scheme = ["light", "dark"].find((name) => asked.has(name));
  if (scheme) page.dataset.scheme = scheme;
  if (parent === window) return;
  const tell = () => parent.postMessage({ bplib: 1, name: page.dataset.name, height: page.offsetHeight }, "*");
  new ResizeObserver(tell).observe(page);
})();
