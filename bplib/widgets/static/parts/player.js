// Steps that a reader takes one by one, or lets run: which are taken, the clock, and the buttons. It knows no view:
// steps are a list, or anything that has a length, and what a step does is the view's.
import { html, setText } from "../dom.js";
import { words } from "../words.js";

const MOTION = 500; // ms: what changes faster moves; what changes slower is read

// steps(): the list at present. taken: how many steps are; 0 before the first, null shows all. interval: ms a step
// while it plays. take(step): does what a step does, and says whether it was refused. onchange(): after every move.
export const player = ({ steps, interval, onchange, take = () => false, taken = null }) => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  let toggle = null; // the button that plays, and what it says at rest
  let resting = "";

  const pause = () => {
    clearInterval(timer);
    timer = 0;
    if (toggle) setText(toggle, resting);
  };
  const goTo = (count) => {
    if (count && take(steps()[count - 1])) pause();
    else taken = count;
    onchange();
  };
  // Where the steps begin again when all are taken.
  const begin = () => (taken === null || taken >= steps().length ? 0 : taken);
  const advance = () => {
    goTo(begin() + 1);
    if (!begin()) pause();
  };
  const play = () => {
    if (timer) return pause();
    if (interval < MOTION && calm.matches) return goTo(null);
    setText(toggle, words.steps.pause);
    timer = setInterval(advance, interval);
    advance();
  };
  // To the next step of a phase, or to the first where none is left; without a phase to the next of any.
  const next = (phase) => {
    if (phase === undefined) return goTo(begin() + 1);
    const left = steps().findIndex((step, k) => k >= begin() && step.phase === phase);
    goTo((left < 0 ? steps().findIndex((step) => step.phase === phase) : left) + 1);
  };
  const button = (text, title, onclick) => html("button", { type: "button", title, onclick }, text);

  return {
    get taken() {
      return taken;
    },
    // The step taken last, if it is the one that is shown.
    get current() {
      return taken ? steps()[taken - 1] : undefined;
    },
    goTo,
    next,
    pause, // also what a view does when it is left
    // Puts it there without a step or a word.
    set(count) {
      pause();
      taken = count;
    },
    // A button that ends the play and then does this.
    button: (text, title, act) => button(text, title, () => (pause(), act())),
    playButton(text, title) {
      [toggle, resting] = [button(text, title, play), text];
      return toggle;
    },
    group: (label, ...buttons) => html("div", { class: "bp-buttons", role: "group", "aria-label": label }, ...buttons),
  };
};
