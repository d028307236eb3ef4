// A line of text that goes to what it speaks of: a bubble beside parts of a picture, never over them.

const APART = 8; // px between the bubble and the parts, where its tip stands
const CORNER = 14; // px: the tip is at least so far from a corner

const clamp = (x, lo, hi) => Math.max(lo, Math.min(hi, x));

// The box round some elements.
const round = (elements) => {
  const boxes = elements.map((element) => element.getBoundingClientRect());
  const end = (most, side) => most(...boxes.map((box) => box[side]));
  return {
    left: end(Math.min, "left"), right: end(Math.max, "right"), top: end(Math.min, "top"), bottom: end(Math.max, "bottom"),
  };
};

// line: the element; host: the positioned element that it may fill from side to side; picture: what it keeps to from
// top to bottom, as far as the window shows it. onclose(): of the Escape key, wherever the focus is.
export const bubble = (line, host, picture, onclose) => {
  const onkey = (event) => event.key === "Escape" && onclose();
  return {
    // Stands below these parts, or above them: where it is asked to, or else where there is room.
    at(parts, above = false) {
      line.classList.add("bp-bubble");
      document.addEventListener("keydown", onkey, true); // before the figure keeps it
      const [part, outer, inner] = [round(parts), host.getBoundingClientRect(), picture.getBoundingClientRect()];
      const { width, height } = line.getBoundingClientRect();
      const [top, bottom] = [part.top - APART - height, part.bottom + APART + height];
      const fitsAbove = top >= Math.max(0, inner.top);
      const fitsBelow = bottom <= Math.min(innerHeight, inner.bottom);
      // Where neither does, below: over what comes next, and not over the buttons.
      const onTop = fitsAbove ? above || !fitsBelow : !fitsBelow && bottom > innerHeight && top >= 0;
      const middle = (part.left + part.right) / 2;
      const left = clamp(middle - width / 2, outer.left, Math.max(outer.left, outer.right - width));
      line.classList.toggle("bp-above", onTop);
      const [x, y] = [left - outer.left - host.clientLeft, (onTop ? top : part.bottom + APART) - outer.top - host.clientTop];
      line.style.translate = `${x}px ${y}px`; // moves it without a second layout
      line.style.setProperty("--bp-tip", `${clamp(middle - left, CORNER, width - CORNER)}px`);
    },
    // Back in its own place; also what a view does with it when it is left.
    rest() {
      line.classList.remove("bp-bubble", "bp-above");
      line.removeAttribute("style");
      document.removeEventListener("keydown", onkey, true);
    },
  };
};
