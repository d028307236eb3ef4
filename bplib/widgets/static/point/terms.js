// A link to a word of the glossary shows what stands there: where a pointer rests on it, where it has the focus, and at
// its first tap; a second one follows it. The definitions are a script that tools/glossary.py writes.
import { html } from "../dom.js";
import { words } from "../words.js";

const TERM = 'a[href*="#term-"]';
const WAIT = 200; // ms before it opens under a pointer
const STAY = 300; // ms for the pointer's way into it
const APART = 6; // px from the link
const EDGE = 8; // px from the window's

const clamp = (x, lo, hi) => Math.max(lo, Math.min(hi, x));

// base: the address beside which the definitions are.
export const terms = (base) => {
  if (!HTMLElement.prototype.showPopover || !document.querySelector(TERM)) return;
  addEventListener("load", () => document.head.append(html("script", { src: new URL("terms.js", base).href })));

  const box = html("div", { id: "bp-term", class: "bp-term", popover: "auto" });
  (document.querySelector("main") ?? document.body).append(box);
  let shown = null; // the link whose word is shown
  let pressed = null; // the link that a finger touched, unless its word was shown
  let timer;
  const later = (act, delay) => {
    clearTimeout(timer);
    timer = setTimeout(act, delay);
  };

  // Below its link, or above it where only there is room; on the page, so that it scrolls with it.
  const place = () => {
    if (!shown) return;
    const lines = shown.getClientRects(); // of a link that is broken
    const [first, last] = [lines[0], lines[lines.length - 1]];
    const { offsetWidth, offsetHeight } = box;
    const above = first.top - APART - offsetHeight;
    const below = last.bottom + APART;
    const onTop = below + offsetHeight > innerHeight && above >= 0;
    const left = clamp((onTop ? first : last).left, EDGE, document.documentElement.clientWidth - EDGE - offsetWidth);
    box.style.left = `${scrollX + left}px`;
    box.style.top = `${scrollY + (onTop ? above : below)}px`;
  };
  const hide = () => box.hidePopover();
  const leave = () => {
    if (shown && !shown.matches(":hover, :focus-visible") && !box.matches(":hover, :focus-within")) hide();
  };
  const show = async (link) => {
    clearTimeout(timer);
    const told = window.bplib_terms?.[new URL(link.href).hash.slice(1)];
    if (!told || link === shown) return;
    shown?.removeAttribute("aria-describedby");
    shown = link;
    box.innerHTML = told;
    box.querySelectorAll("a").forEach((a) => (a.href = new URL(a.getAttribute("href"), link.href)));
    // For pointers; with the keyboard, the link itself leads there.
    box.append(html("a", { class: "bp-more", href: link.href, tabindex: -1 }, words.glossary.more));
    link.setAttribute("aria-describedby", box.id);
    box.showPopover();
    place();
    if (box.querySelector(".math") && window.MathJax?.typesetPromise) {
      box.style.visibility = "hidden"; // until its formulas are set
      MathJax.typesetClear([box]);
      await MathJax.startup.promise.then(() => MathJax.typesetPromise([box]));
      box.style.visibility = "";
      place();
    }
  };

  box.addEventListener("beforetoggle", ({ newState }) => {
    if (newState === "open") return;
    shown?.removeAttribute("aria-describedby");
    shown = null;
  });
  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "touch") return;
    const link = target.closest?.(TERM);
    if (box.contains(target) || (link && link === shown)) clearTimeout(timer);
    else if (link) later(() => show(link), WAIT);
    else if (shown) later(leave, STAY);
    else clearTimeout(timer);
  });
  document.addEventListener("focusin", ({ target }) => {
    const link = target.closest?.(TERM);
    if (link && !box.contains(link) && link.matches(":focus-visible")) show(link);
    else if (shown) later(leave, STAY);
  });
  document.addEventListener("focusout", () => shown && later(leave, STAY));
  document.addEventListener("pointerdown", ({ target, pointerType }) => {
    const link = pointerType === "touch" && target.closest?.(TERM);
    pressed = link && !box.contains(link) && link !== shown ? link : null;
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(TERM);
    if (link && link === pressed && window.bplib_terms) {
      event.preventDefault();
      show(link);
    }
    pressed = null;
  });
  // Wherever the focus is, and whatever else listens to this key.
  document.addEventListener("keydown", ({ key }) => key === "Escape" && shown && hide(), true);
  addEventListener("resize", place);
};
