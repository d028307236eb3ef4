// The prediction bars: a hollow one for gradient times change, a solid one for the true change.
import { html, setAttr, setText } from "./dom.js";
import { caption } from "./say.js";

// A line of text and a bar, to the left or right of a middle line.
const change = (kind, colour) => {
  const { element: text, line, keep } = caption(`bp-${colour}`, "div");
  const bar = html("div", { class: `bp-bar-${kind}` });
  return {
    parts: [html("i", { class: `bp-key bp-bar-${kind}` }), text, html("div", { class: "bp-track" }, bar)],
    keep,
    // length: from -1 to 1; full: what is read where one points
    show: (words, length, full = null) => {
      setText(line, words);
      setAttr(text, "title", full);
      bar.hidden = !length; // its border would show
      bar.style.width = `${50 * Math.abs(length)}%`;
      bar.style.left = `${50 + 50 * Math.min(0, length)}%`;
    },
  };
};

export const changes = () => {
  const [predicted, truth] = [change("predicted", "grad"), change("true", "value")];
  return { element: html("div", { class: "bp-changes" }, ...predicted.parts, ...truth.parts), predicted, truth };
};
