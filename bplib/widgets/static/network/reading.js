// What a network says now, and where. What is read stands as a bubble at its part. The words of a step are long: they
// have their place below the picture, and only where it goes down, as on a phone, do they stand in it, over what
// comes after the step.
import { html, setAttr } from "../dom.js";
import { bubble } from "../parts/bubble.js";
import { say } from "../say.js";
import { words } from "../words.js";
import { stepsOf } from "./passes.js";

const LONGEST = "−0.0888888"; // a number that is as long as they come
const NUMBER = /(?<![\p{L}\d_.])−?\d[\d.]*(e−?\d+)?(?![\p{L}_])/gu; // and is no part of a name

// host, canvas: see bubble.js. partOf(key): the element of what is picked. hint(movable): what is said of nothing, where
// the slider of a weight is open or not.
export const readingOf = (store, anatomy, sentences, { host, canvas, partOf, hint, onclose }) => {
  const { depth, top, layer } = anatomy;
  const line = html("p", { class: "bp-reading" });
  const reserve = html("div", { class: "bp-reserve", "aria-hidden": "true" }); // has the longest words, unseen
  const { at, rest } = bubble(line, host, canvas, onclose);

  const lossWords = ({ value, whole, epoch }) =>
    value(depth + 1) ? sentences.loss(whole ? epoch().run[top] : null) : [words.steps.notYet];
  const pickedWords = (now) => {
    const { picked } = now;
    if (picked === "loss") return lossWords(now);
    if (typeof picked === "number") return sentences.input(picked, now);
    return picked.unit ? sentences.edge(picked, now) : sentences.unit(picked, now);
  };
  // Where the picture goes down, the words of an update stand on it.
  const stepWords = ({ step, whole, moved, epoch }, down) => {
    if (step.phase !== "update") return sentences.step(step, whole ? epoch().run[top] : null);
    return down ? sentences.updateInShort(moved) : sentences.update(moved, whole);
  };
  const partsOf = ({ phase, layer: k }, update) => {
    if (phase === "update") return [update];
    return k > depth ? [partOf("loss")] : layer(k).map(partOf);
  };
  return {
    element: html("div", { class: "bp-told" }, line, reserve),
    rest,
    // update: the button, at which is read what an update did. down: whether the picture goes down.
    show(now, update, down) {
      const { picked } = now;
      const step = down && now.step === now.closed ? undefined : now.step;
      setAttr(line, "aria-live", step && picked === null ? "polite" : "off");
      say(line, picked !== null ? pickedWords(now) : step ? stepWords(now, down) : [hint(store.open.has("move"))]);
      const parts = picked !== null ? [partOf(picked)] : step && down ? partsOf(step, update) : [];
      if (parts.length && parts.every(Boolean)) at(parts, picked === null && step.phase === "backward");
      else rest();
    },
    // Room for every sentence that is said in this place, of an epoch if there are samples, with numbers as long as
    // they come.
    keep({ count, epoch }, down) {
      const losses = count ? epoch().run[top] : null;
      const steps = stepsOf(depth, 0, false).map((step) => sentences.step({ ...step, row: count ? 0 : undefined }, losses));
      const update = sentences.update([store.inputs, store.inputs], count > 0);
      reserve.replaceChildren(...[[hint(true)], ...(down ? [] : [...steps, update])].map((sentence) => {
        const text = sentence.map((part) => (typeof part === "string" ? part : part[1])).join("");
        return html("p", {}, text.replace(NUMBER, LONGEST));
      }));
    },
  };
};
