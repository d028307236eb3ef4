// A button that makes step after step of learning, until it is pressed again, a step fails, the last is made, or the
// figure begins anew.
import { html, setText } from "../dom.js";
import { words } from "../words.js";

const EVERY = 100; // ms
const STRIDE = 10; // steps of a source that goes ahead many at a time

export const training = (store) => {
  let timer = 0;
  const pause = (store.pause = () => {
    clearInterval(timer);
    timer = 0;
    setText(button, words.controls.train);
  });
  const tick = () => {
    const ahead = store.source.ahead?.(store.now, STRIDE, store.controls);
    if (ahead?.next === null || store.step(ahead)) pause();
  };
  const button = html("button", {
    type: "button",
    onclick: () => {
      if (timer) return pause();
      setText(button, words.controls.pause);
      timer = setInterval(tick, EVERY);
      tick();
    },
  }, words.controls.train);
  return button;
};
