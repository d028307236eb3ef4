// Things to put in order: each moves by its two buttons, or by the arrow keys while one of them has the focus.
import { html, setAttr, setText } from "../dom.js";
import { fill, words } from "../words.js";
import { rich } from "./rich.js";

export const ask = (el, { items }, { changed }) => {
  const list = html("ol", { class: "bp-order" });
  const heard = html("span", { class: "bp-heard", role: "status" });
  const rows = new Map(items.map((item) => [item, row(item)]));
  let order = [...items];
  let touched = false;

  function row(item) {
    const button = (sign, label, by) =>
      html("button", { type: "button", "aria-label": fill(label, { item }), onclick: ({ currentTarget }) => move(item, by, currentTarget) }, sign);
    const buttons = [button("↑", words.predict.up, -1), button("↓", words.predict.down, 1)];
    const onkeydown = (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      move(item, by, event.target);
    };
    return { buttons, element: html("li", { onkeydown }, html("span", { class: "bp-item" }, ...rich(item)), ...buttons) };
  }

  function draw() {
    list.replaceChildren(...order.map((item) => rows.get(item).element));
    order.forEach((item, k) => {
      setAttr(rows.get(item).buttons[0], "aria-disabled", k ? null : "true");
      setAttr(rows.get(item).buttons[1], "aria-disabled", k < order.length - 1 ? null : "true");
    });
  }

  function move(item, by, button) {
    const at = order.indexOf(item);
    const to = at + by;
    if (to < 0 || to >= order.length) return;
    order = order.with(at, order[to]).with(to, item);
    touched = true;
    draw();
    button.focus(); // it went with its row
    setText(heard, fill(words.predict.moved, { item, k: to + 1, n: order.length }));
    changed();
  }

  draw();
  el.append(list, heard);
  return {
    read: () => (touched ? { bet: order } : { fault: words.predict.arrange }),
    show(bet) {
      order = [...(bet ?? items)];
      touched = bet !== null;
      setText(heard, "");
      draw();
    },
    focus: () => rows.get(order[0]).buttons[1].focus(),
  };
};
