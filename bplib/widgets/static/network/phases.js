// The buttons of a network's three states, and the line that says what Update waits for.
import { html, setAttr, setText, uniqueId } from "../dom.js";
import { fill, words } from "../words.js";

// updates: whether there is anything to update. count: of the samples.
export const phasesOf = (store, stepper, updates, count) => {
  let why = ""; // Update is offered, or what it waits for
  let ready = false;
  const to = (phase) => () => stepper.next(phase);
  const update = () => (ready ? stepper.next("update") : store.say(why));
  const buttons = {
    forward: stepper.button(words.steps.forward, words.network.forwardTitle, to("forward")),
    backward: stepper.button(words.steps.backward, words.network.backwardTitle, to("backward")),
    ...(updates ? { update: stepper.button(words.network.update, words.network.updateTitle, update) } : {}),
  };
  const element = stepper.group(
    words.steps.label, ...Object.values(buttons), stepper.playButton(words.steps.play, words.network.playTitle),
    stepper.button(words.steps.all, words.steps.allTitle, () => stepper.goTo(null)),
  );
  // The reason stays in the Tab order with the button that can't be pressed.
  const reason = html("p", { class: "bp-note", id: uniqueId("state") });
  if (updates) setAttr(buttons.update, "aria-describedby", reason.id);
  return {
    element, buttons,
    reason: updates ? [reason] : [],
    show({ step, whole, stale, complete }) {
      for (const phase in buttons) setAttr(buttons[phase], "aria-current", step?.phase === phase ? "step" : null);
      if (!updates) return;
      ready = complete;
      why = ready ? words.network.ready
        : stale ? words.network.stale
        : whole ? fill(words.network.waitsForSamples, { n: count })
        : words.network.waits;
      setText(reason, why);
      setAttr(buttons.update, "aria-disabled", ready ? null : "true");
    },
  };
};
