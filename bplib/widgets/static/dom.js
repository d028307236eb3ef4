// A few lines that make elements, and write to them only what has changed.

const make = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
};

export const html = (tag, attributes = {}, ...children) => make(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  make(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

// null takes an attribute away.
export const setAttr = (element, name, value) => {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
};

export const setAll = (element, attributes) => {
  for (const name in attributes) setAttr(element, name, attributes[name]);
};

// Each figure of a page has its own copy of this script, so counting alone would give two figures one id.
const family = Math.random().toString(36).slice(2, 10);
let serial = 0;
export const uniqueId = (stem) => `bp-${stem}-${family}-${++serial}`;

export const menu = (label, items, name, chosen, onchoose) => {
  const id = uniqueId("menu");
  const options = items.map((item) => html("option", { selected: item === chosen }, name(item)));
  const select = html("select", { id, onchange: () => onchoose(items[select.selectedIndex]) }, ...options);
  return html("span", {}, html("label", { for: id }, label), " ", select);
};
