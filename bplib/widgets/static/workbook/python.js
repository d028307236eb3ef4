// Python for the cells of a page: its script is loaded when a reader first asks.
import { bytes } from "../python/parts.js";
import { fill, words } from "../words.js";

const here = new URL(".", document.currentScript.src).href;
const loading = {};

// Loads one of the site's scripts, once; one that did not come is tried again.
export const script = (name) =>
  (loading[name] ??= new Promise((done, fail) => {
    const element = document.createElement("script");
    element.src = here + name;
    element.onload = done;
    element.onerror = () => {
      element.remove();
      delete loading[name];
      fail(new Error(fill(words.python.missing, { file: name })));
    };
    document.head.append(element);
  }));

const megabytes = (n) => (n / 1e6).toFixed(0);
export const size = megabytes(bytes);

// Whether it has begun to load.
export const asked = () => "python.js" in loading;

// Returns Python, ready to run; `say(sentence)` tells how far it is.
export const python = async (say) => {
  say(fill(words.workbook.loading, { come: 0, all: size }));
  await script("python.js");
  await window.bplib_python.start((come) => {
    const done = come >= bytes;
    say(done ? words.workbook.starting : fill(words.workbook.loading, { come: megabytes(come), all: size }));
  });
  return window.bplib_python;
};
