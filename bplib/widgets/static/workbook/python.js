// Python for the cells of a page: its script is loaded when a reader first asks.
import { bytes, versions } from "../python/parts.js";
import { asked as askedFor, once } from "../python/script.js";
import { fill, words } from "../words.js";

const megabytes = (n) => (n / 1e6).toFixed(0);
export const size = megabytes(bytes);

// Whether it has begun to load.
export const asked = () => askedFor("python.js");

// Returns Python, ready to run; `say(sentence)` tells how far it is.
export const python = async (say) => {
  const tell = (come) => {
    if (come < bytes) say(fill(words.workbook.loading, { come: megabytes(come), all: size }));
    else say(fill(words.workbook.starting, versions));
  };
  tell(0);
  await once("python.js");
  await window.bplib_python.start(tell);
  return window.bplib_python;
};
