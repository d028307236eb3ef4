// Tells when the page turns from light to dark or back: a canvas does not follow by itself.
const HOLDERS = ["class", "style", "data-theme", "data-mode", "data-jp-theme-light"];

export const onTheme = (listener) => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(listener);
  for (const root of [document.documentElement, document.body]) observer.observe(root, { attributeFilter: HOLDERS });
  dark.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", listener);
  };
};
