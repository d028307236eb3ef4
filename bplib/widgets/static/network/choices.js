// What a reader chooses of a network: what its edges show, steps for one sample or an epoch, and which sample.
import { html, menu } from "../dom.js";
import { fill, words } from "../words.js";

// onshow, onsteps, onsample: are told "weights" or "gradients", "sample" or "epoch", and that the sample is another.
export const choicesOf = (samples, { onshow, onsteps, onsample }) => {
  const n = samples.count;
  const shows = (what) => (what === "weights" ? words.network.weights : words.network.gradients);
  const takes = (what) => (what === "epoch" ? fill(words.network.epoch, { n }) : words.network.oneSample);
  const rowMenu = html("span");
  const element = html(
    "div", { class: "bp-picks" }, menu(words.network.edgesShow, ["weights", "gradients"], shows, "weights", onshow),
    ...(n ? [menu(words.network.stepsFor, ["sample", "epoch"], takes, "sample", onsteps), rowMenu] : []),
  );
  let shown = null; // -1: the inputs have been moved off the data
  return {
    element,
    show() {
      if (!n || shown === samples.present()) return;
      shown = samples.present();
      const rows = Array.from({ length: n }, (_, k) => k);
      const name = (k) => fill(k < 0 ? words.network.offData : words.network.sampleOf, { k: k + 1, n });
      rowMenu.replaceChildren(menu(words.network.sample, shown < 0 ? [-1, ...rows] : rows, name, shown, (k) => {
        if (k >= 0) samples.select(k);
        onsample();
        rowMenu.querySelector("select").focus();
      }));
    },
  };
};
