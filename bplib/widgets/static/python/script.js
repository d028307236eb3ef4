// Loads scripts of the site, from the folder in which the script stands that runs now.
import { html } from "../dom.js";
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

// A style of the site, unless the page has it.
export const style = (path) =>
  new Promise((done) => {
    const here = address(path);
    if ([...document.querySelectorAll("link")].some(({ href }) => href.split("?")[0] === here)) return done();
    const link = html("link", { rel: "stylesheet", href: here, onload: done, onerror: done });
    document.head.append(link);
  });
