// How a bet is judged, as Python does it (bplib/widgets/bets.py): whether it is right, and the sentence meant for it.
// Pure. asked: a case as the page shows it; told: { answer, because: [[key, sentence]], then }, what was packed.
import { parse } from "../format.js";
import { words } from "../words.js";

const SIGNS = ["negative", "zero", "positive"];
const LEVEL = 0.08; // heights closer than this part of the range are level

export const unpack = (packed) =>
  JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0))));

const RIGHT = { right: true, sentence: "" };
const not = (sentence) => ({ right: false, sentence });

const among = (truth, bet, because) => (bet === truth ? RIGHT : not(because.find(([key]) => key === bet)[1]));

const pairs = (items) => items.flatMap((a, i) => items.slice(i + 1).map((b) => [a, b]));
const next = (items) => items.slice(1).map((b, i) => [items[i], b]);

// What a line through these heights looks like.
export const features = (heights, level) => {
  const step = (d) => (Math.abs(d) <= level ? 0 : Math.sign(d));
  const rises = next(heights).map(([a, b]) => step(b - a));
  return {
    sign: heights.map(step),
    turn: next(rises).map(([a, b]) => (a * b < 0 ? b : 0)),
    order: pairs(heights).map(([a, b]) => step(b - a)),
  };
};

export const levelOf = ([lo, hi]) => LEVEL * (hi - lo);

// The bet that is the answer.
export const truthOf = ({ kind }, { answer }) => (kind === "sign" ? SIGNS[1 + Math.sign(answer)] : answer);

const JUDGES = {
  choice: (_, { answer, because }, bet) => among(answer, bet, because),
  sign: (asked, told, bet) => among(truthOf(asked, told), bet, told.because),
  number({ near }, { answer, because }, bet) {
    if (Math.abs(bet - answer) <= near) return RIGHT;
    const side = bet < answer ? "below" : "above";
    return not(because.find(([key]) => key === side || (typeof key === "number" && Math.abs(bet - key) <= near))[1]);
  },
  order(_, { answer, because }, bet) {
    if (bet.every((item, k) => item === answer[k])) return RIGHT;
    return not(because.find(([[a, b]]) => bet.indexOf(a) < bet.indexOf(b))[1]);
  },
  place({ y }, { answer, because }, bet) {
    const [mine, truth] = [bet, answer].map((heights) => features(heights, levelOf(y)));
    const missed = because.find(([key]) => mine[key].some((x, k) => x !== truth[key][k]));
    return missed ? not(missed[1]) : RIGHT;
  },
};

// The number that a reader writes for a bet, or a sentence that says why it is none. Here nobody need write it as a figure's
// entry takes it: 1,339,412 and 1 339 412 and 1_339_412, 1/4 and 25 % are numbers, too.
const GROUPED = /^[+−-]?[1-9]\d{0,2}([\s,_])\d{3}(\1\d{3})*(\.\d*)?$/;

export const numberIn = (text) => {
  const plain = (part) => parse(GROUPED.test(part.trim()) ? part.trim().replace(/[\s,_]/g, "") : part);
  const [above, ...below] = text.replace(/%\s*$/, "/100").split("/").map(plain);
  const fault = [above, ...below].find((part) => typeof part === "string");
  if (fault ?? below.length === 0) return fault ?? above;
  return below.length === 1 && below[0] ? above / below[0] : words.numbers.none;
};

// Whether something that was kept is a bet on this case.
const FITS = {
  choice: ({ options }, bet) => options.includes(bet),
  sign: (_, bet) => SIGNS.includes(bet),
  number: (_, bet) => Number.isFinite(bet),
  order: ({ items }, bet) => Array.isArray(bet) && bet.length === items.length && items.every((item) => bet.includes(item)),
  place: ({ handles, y: [lo, hi] }, bet) =>
    Array.isArray(bet) && bet.length === handles.length && bet.every((y) => y >= lo && y <= hi),
};

export const fits = (asked, bet) => FITS[asked.kind](asked, bet);
export const judge = (asked, told, bet) => JUDGES[asked.kind](asked, told, bet);
