// Curves on a chart and, fainter, what they were before the last move.
import { html } from "../dom.js";
import { words } from "../words.js";

// What was read of a frame, as a copy: a source overwrites its arrays, and would have to go back in training for those of
// an earlier frame.
export const memory = (read) => {
  const copies = new WeakMap();
  return (frame) => {
    if (!copies.has(frame)) copies.set(frame, read(frame));
    return copies.get(frame);
  };
};

// One curve for each look, a class of its own; those with a title stand in the legend.
export const curvesOn = (sheet, looks, titles) => {
  const ghosts = looks.map((look) => sheet.line(`earlier ${look}`));
  const lines = looks.map((look, k) => sheet.line(`drawn ${look}`, titles[k]));
  const key = html("span", { class: "bp-note" }, words.chart.ghost);
  sheet.legend.append(key);
  const points = ({ xs, ys }, k) => xs.map((x, i) => [x, ys[k][i]]);
  return {
    // now and was, if there was anything: {xs, ys}, a list of heights for each curve. Returns whether one has moved; a
    // curve that only went on has not.
    show(now, was) {
      const moved = !!was && was.ys.some((row, k) => row.some((y, i) => !Object.is(y, now.ys[k][i])));
      lines.forEach((line, k) => line.show(points(now, k)));
      ghosts.forEach((ghost, k) => ghost.show(moved ? points(was, k) : []));
      key.style.visibility = moved ? "" : "hidden";
      return moved;
    },
  };
};
