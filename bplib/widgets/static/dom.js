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

// The keys of a figure are its own: JupyterLab's command mode would take the arrows, and "b" would insert a cell.
// What goes with Ctrl or Cmd is the application's: Ctrl+S saves the notebook.
export const keepKeys = (event) => event.ctrlKey || event.metaKey || event.stopPropagation();

// Counted for the whole document: JupyterLab shows the figures of several kernels in one, each with its library.
export const uniqueId = (stem) => `bp-${stem}-${(document.bpIds = (document.bpIds ?? 0) + 1)}`;

export const menu = (label, items, name, chosen, onchoose) => {
  const id = uniqueId("menu");
  const options = items.map((item) => html("option", { selected: item === chosen }, name(item)));
  const select = html("select", { id, onchange: () => onchoose(items[select.selectedIndex]) }, ...options);
  return html("span", {}, html("label", { for: id }, label), " ", select);
};
