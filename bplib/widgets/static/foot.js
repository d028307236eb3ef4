// The foot of a figure: Reset, what takes the figure elsewhere, and on paper its name.
import { html } from "./dom.js";
import { fill, words } from "./words.js";

// What a page does with the height that a figure in a frame tells it (vendor/bp/embed.js): copied to there as it stands.
const listen = ({ data, source }) => {
  for (const frame of document.querySelectorAll("iframe")) if (frame.contentWindow === source && data?.bplib === 1) frame.height = data.height;
};

// The HTML of a frame that shows a figure alone. An element that stands nowhere loads nothing.
const frameOf = (figure, src) => {
  const { offsetHeight: height } = figure;
  const title = figure.getAttribute("aria-label");
  const frame = html("iframe", { src, title, width: "100%", height, style: "border: 0", allow: "clipboard-write" });
  const script = `addEventListener("message", ${listen});`;
  return `${frame.outerHTML}\n${html("script", {}, script).outerHTML}\n`;
};

// What a printed figure is called, where it is from, and the way to it.
const onPaper = ({ name, page, address, qr }) =>
  html("div", { class: "bp-paper" },
    ...(qr ? [html("img", { src: qr, alt: "" })] : []),
    html("p", {}, fill(words.foot.paper, { name, page }), ...(address ? [html("br"), address] : [])));

// site: what the site knows of the figure, {name, page, embed, address, qr}; nothing in Jupyter.
// state: gives the present one as text; link: whether it goes into an address; say: tells the reader.
export const mount = (el, { site, state, link, reset, say }) => {
  const field = html("textarea", { class: "bp-address", readonly: true, hidden: true, rows: 4, "aria-label": words.foot.copyThis });
  const copy = async (text, copied) => {
    try {
      await navigator.clipboard.writeText(text);
      field.hidden = true;
      say(copied);
    } catch {
      field.value = text;
      field.hidden = false;
      field.focus();
      field.select();
      field.scrollTop = 0;
      say(words.foot.copyRefused);
    }
  };
  const withState = (address) => `${address.split("#")[0]}${state ? `#${encodeURI(state())}` : ""}`;
  const copyLink = () => {
    history.replaceState(history.state, "", withState(location.href));
    copy(location.href, words.foot.copiedLink);
  };
  const copyState = () => copy(state(), fill(words.foot.copiedState, { code: `fig.state = "${state()}"` }));
  const embed = () => copy(frameOf(el.closest(".bp-live:not(.bp-live *)"), withState(new URL(site.embed, location.href).href)), words.foot.copiedFrame);
  const restart = () => {
    field.hidden = true;
    reset();
  };
  const ways = [[words.foot.reset, restart]];
  if (state) ways.push(link ? [words.foot.copyLink, copyLink] : [words.foot.copyState, copyState]);
  if (site?.embed) ways.push([words.foot.embed, embed]);
  const buttons = ways.map(([text, onclick]) => html("button", { type: "button", onclick }, text));
  el.append(html("div", { class: "bp-buttons" }, ...buttons), field, ...(site ? [onPaper(site)] : []));
};
