// Loads scripts of the site, from the folder in which the script stands that runs now.
import { fill, words } from "../words.js";

const here = document.currentScript.src;

export const address = (path) => new URL(path, here).href;

// Runs a script; where it isn't there, says which.
export const load = (path) =>
  new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = address(path);
    script.onload = () => done(script.remove());
    script.onerror = () => {
      script.remove();
      const file = path.split("/").pop().split("?")[0];
      fail(new Error(fill(words.python.missing, { file })));
    };
    document.head.append(script);
  });

const loaded = {};

// Whether a script has been asked for and has not failed.
export const asked = (path) => path in loaded;

// Runs a script unless it has run; one that wasn't there is tried again by the next call.
export const once = (path) =>
  (loaded[path] ??= load(path).catch((error) => {
    delete loaded[path];
    throw error;
  }));
