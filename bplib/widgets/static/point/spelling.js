// One quantity, three spellings: ∂ℒ/∂w in a formula, `dw` in code, dloss/dw in a figure. The code's is its key.

// What code and figures call by a word.
const WORDS = { "ℒ": "loss", σ: "sigmoid", η: "rate", φ: "phi", ϕ: "phi", δ: "delta" };

// With an index that is a number (x1, W1_11), with the hat of a prediction, or as it is.
const NAME = /^Δ?[A-Za-z]\w*$/;

// A gradient is named by its lower end; delta is that of the sum z.
const derivative = (top, bottom) => (top === "loss" ? `d${bottom}` : `d${top}_d${bottom}`);
const plain = (name) => name.replace(/^dloss_d/, "d").replace(/^delta(?=\d|_|$)/, "dz");

// The key of what code or a figure writes, or "". Layers of a network are counted from 0, each with its activation,
// so "2.W" is the second W.
export const keyOf = (text) => {
  const name = text.replace(/[\x22\x27\u200b]/g, "").trim(); // without quotes and places for a break
  const ends = name.match(/^[d∂](.+)\/[d∂](.+)$/);
  if (ends) {
    const [top, bottom] = [keyOf(ends[1]), keyOf(ends[2])];
    return top && bottom && derivative(top, bottom);
  }
  const layer = name.match(/^(\d*[02468])\.([A-Za-z]+)$/);
  if (layer) return `${layer[2]}${layer[1] / 2 + 1}`;
  return NAME.test(name) ? plain(name) : "";
};

// MathJax's tree of a formula: what a node that only groups stands for, and its parts without spaces.
const GROUPS = ["TeXAtom", "mrow", "inferredMrow", "mstyle", "mpadded"];
const textOf = (node) =>
  node.kind === "text" ? node.getText() : node.childNodes.map((child) => (child ? textOf(child) : "")).join("");
const partsOf = (node) => {
  if (!GROUPS.includes(node.kind)) return [node];
  const isSpace = (part) => part.kind === "mspace" || (GROUPS.includes(part.kind) && !textOf(part));
  const parts = node.childNodes.filter((part) => !isSpace(part));
  return parts.length === 1 ? partsOf(parts[0]) : parts;
};
const inner = (node) => (partsOf(node).length === 1 ? partsOf(node)[0] : node);

// The key of one node, or "". A bracket above counts layers, [l] is any of them; i and j below are any entry.
const symbol = (outer) => {
  const node = inner(outer);
  const [base, ...others] = node.childNodes;
  const text = textOf(node);
  if (node.kind === "mi") {
    const variant = node.attributes.get("mathvariant");
    if (text === "L" && /script|calligraphic/.test(variant)) return "loss";
    if (!["italic", "normal"].includes(variant)) return ""; // a bold X is another
    return plain(WORDS[text] ?? (/^[A-Za-z]$/.test(text) ? text : ""));
  }
  if (node.kind === "mtext") return node.attributes.get("mathvariant") === "monospace" ? keyOf(text) : "";
  if (node.kind === "mover") return textOf(others[0]) === "^" && textOf(base) === "y" ? "yhat" : "";
  if (node.kind === "mfrac") return fraction(partsOf(base), partsOf(others[0]));
  const [below, above] = { msub: others, msup: [null, others[0]], msubsup: others }[node.kind] ?? [];
  if (!below && !above) return "";
  const name = symbol(base);
  const layer = above && textOf(above).match(/^\[(\d+|l)\]$/);
  if (!name || (above && !layer && !below)) return ""; // a power: its base stands alone
  const count = layer && layer[1] !== "l" ? layer[1] : "";
  const index = below ? textOf(below) : "";
  if (/^\d+$/.test(index)) return `${name}${count}${count ? "_" : ""}${index}`;
  return !index || layer || /^[ij]{1,2}k?$/.test(index) ? name + count : "";
};

const isD = (node) => node && /^[∂d]$/.test(textOf(inner(node))) && inner(node).kind === "mi";

// ∂ℒ over ∂w
const fraction = (above, below) => {
  if (above.length !== 2 || below.length !== 2 || !isD(above[0]) || !isD(below[0])) return "";
  const [top, bottom] = [symbol(above[1]), symbol(below[1])];
  return top && bottom && derivative(top, bottom);
};

// What begins at a place among siblings: [how many nodes, key]. ∂ℒ/∂w on one line, ∇ℒ, dW, Δw are several.
const spelled = (nodes, k) => {
  const [a, b, c, d, e] = nodes.slice(k, k + 5);
  if (isD(a) && b && c && e && textOf(c) === "/") {
    const key = fraction([a, b], [d, e]);
    if (key) return [5, key];
  }
  const nabla = inner(a);
  if (nabla.kind === "msub" && textOf(nabla.childNodes[0]) === "∇") {
    const bottom = symbol(nabla.childNodes[1]);
    return b && symbol(b) === "loss" && bottom ? [2, derivative("loss", bottom)] : [1, ""];
  }
  const mark = textOf(inner(a));
  if (b && (mark === "Δ" || isD(a)) && inner(a).kind === "mi") {
    const name = symbol(b);
    return [2, name && mark !== "∂" ? (mark === "Δ" ? `Δ${name}` : derivative("loss", name)) : ""];
  }
  return [1, symbol(a)];
};

// u_k and a^[l - 1] have no name of their own, and are not u and a.
const isUnnamed = (node) => {
  const [base, ...others] = node.childNodes;
  if (node.kind === "msup" && !/^\[/.test(textOf(others[0]))) return false;
  return ["msub", "msup", "msubsup"].includes(node.kind) && symbol(base) !== "";
};

let groups = 0;

// Marks what a formula is made of: each node of a symbol gets its key, and the number of its group.
export const mark = (node) => {
  if (!node.childNodes || node.kind === "text") return;
  const nodes = node.childNodes.filter((child) => child && child.kind !== "mspace");
  const isRow = GROUPS.includes(node.kind);
  for (let k = 0; k < nodes.length; ) {
    const inferred = nodes[k].kind === "inferredMrow"; // no element of the page
    const [n, key] = inferred ? [1, ""] : isRow ? spelled(nodes, k) : [1, symbol(nodes[k])];
    const only = inner(nodes[k]);
    if (key) {
      groups += 1;
      nodes.slice(k, k + n).forEach(({ attributes }) => {
        attributes.set("data-symbol", key);
        attributes.set("data-group", groups);
      });
    } else if (inferred) mark(nodes[k]);
    // The e of a power is a number.
    else if (only.kind === "msup" && textOf(only.childNodes[0]) === "e") mark(only.childNodes[1]);
    else if (n === 1 && only.kind !== "mover" && !isUnnamed(only)) mark(nodes[k]);
    k += n;
  }
};
