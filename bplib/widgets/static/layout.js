// Where the nodes of a graph stand: in ranks along the flow, so that every edge points forward.

const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

const ranksOf = (nodes, edges) => {
  const rank = new Map();
  for (const i of nodes) {
    const before = edges.filter((edge) => edge.to === i).map((edge) => rank.get(edge.from));
    rank.set(i, before.length ? Math.max(...before) + 1 : 0);
  }
  // An input stands next to where it is first used.
  for (const i of nodes) {
    if (edges.some((edge) => edge.to === i)) continue;
    const uses = edges.filter((edge) => edge.from === i).map((edge) => rank.get(edge.to));
    if (uses.length) rank.set(i, Math.min(...uses) - 1);
  }
  return rank;
};

// Puts the things of one rank as near to their wishes as order and distance allow. Inputs make room for the
// rest, so that a chain of operations runs straight.
const settle = (row, wish, apart) => {
  const offset = [0];
  for (let k = 1; k < row.length; k++) offset[k] = offset[k - 1] + apart(row[k - 1], row[k]);
  const wishes = row.map(wish);
  const all = row.map((_, k) => k);
  const firm = all.some((k) => row[k].before.length) ? all.filter((k) => row[k].before.length) : all;
  const down = [];
  const up = [];
  firm.forEach((k, f) => (down[f] = f ? Math.max(wishes[k], down[f - 1] + offset[k] - offset[firm[f - 1]]) : wishes[k]));
  for (let f = firm.length - 1; f >= 0; f--) {
    const k = firm[f];
    up[f] = f < firm.length - 1 ? Math.min(wishes[k], up[f + 1] - offset[firm[f + 1]] + offset[k]) : wishes[k];
  }
  firm.forEach((k, f) => (row[k].at = (down[f] + up[f]) / 2));
  for (const k of all) {
    if (firm.includes(k)) continue;
    const next = firm.find((f) => f > k);
    const most = next === undefined ? Infinity : row[next].at - offset[next] + offset[k];
    const least = k ? row[k - 1].at + offset[k] - offset[k - 1] : -Infinity;
    row[k].at = Math.min(most, Math.max(least, wishes[k]));
  }
};

// Returns {ranks, size, items: Map(node -> {rank, at}), routes: [[{rank, at}, ...] for each edge]}; `at` counts
// across the flow from 0, in units of the distance between two nodes.
export const layout = (tape, { nodes, edges }) => {
  const rank = ranksOf(nodes, edges);
  const ranks = Math.max(...rank.values()) + 1;
  const items = new Map(nodes.map((i) => [i, { rank: rank.get(i), before: [], after: [], at: 0 }]));
  // An edge over several ranks passes through places that are kept free for it.
  const routes = edges.map(({ from, to }) => {
    const stops = [items.get(from)];
    for (let r = rank.get(from) + 1; r < rank.get(to); r++) stops.push({ rank: r, before: [], after: [], at: 0, free: true });
    stops.push(items.get(to));
    for (let k = 1; k < stops.length; k++) {
      stops[k - 1].after.push(stops[k]);
      stops[k].before.push(stops[k - 1]);
    }
    return stops;
  });
  // First order: as a walk from the output meets them, arguments in their order. A tree has no crossing then.
  const rows = Array.from({ length: ranks }, () => []);
  const seen = new Set();
  const visit = (item) => {
    if (seen.has(item)) return;
    seen.add(item);
    item.before.forEach(visit);
    rows[item.rank].push(item);
  };
  visit(items.get(tape.output));
  items.forEach(visit);

  const apart = (a, b) => (a.free && b.free ? 0.5 : a.free || b.free ? 0.75 : 1);
  rows.forEach((row) => settle(row, (item) => row.indexOf(item), apart));
  for (let sweep = 0; sweep < 8; sweep++) {
    const forward = sweep % 2 === 0;
    for (const row of forward ? rows : rows.toReversed()) {
      settle(row, (item) => {
        // A chain follows its operations, not the inputs that join it; an input moves with what uses it.
        const chain = item.before.filter((other) => other.before.length);
        const from = chain.length ? chain : item.before;
        const beside = item.after.length && (!forward || !from.length) ? item.after : from;
        return beside.length ? mean(beside.map((other) => other.at)) : item.at;
      }, apart);
    }
  }
  const all = rows.flat();
  const first = Math.min(...all.map((item) => item.at));
  all.forEach((item) => (item.at -= first));
  return { ranks, size: Math.max(...all.map((item) => item.at)) + 1, items, routes };
};

const WIDEST = 112;
const NARROWEST = 84; // from left to right
const TIGHTEST = 70; // from top to bottom

// The plan in pixels, for a room of some width: from left to right if it fits, else from top to bottom.
// Returns {size: [width, height], width, down, corners: Map(node -> [x, y]), paths: [{d, end}]}.
export const place = ({ ranks, size, items, routes }, edges, room, height) => {
  const down = ranks * (NARROWEST + 18) - 18 > room;
  const gap = down ? 30 : Math.min(64, Math.max(18, (room - ranks * WIDEST) / Math.max(1, ranks - 1)));
  const fitting = down ? Math.max(TIGHTEST, (room + 8) / size - 8) : (room + gap) / ranks - gap;
  const width = Math.floor(Math.min(WIDEST, fitting));
  // Everything is found along the flow and aside of it; `turn` makes [x, y] of the two.
  const turn = ([along, aside]) => (down ? [aside, along] : [along, aside]);
  const [depth, breadth] = turn([width, height]);
  const start = ({ rank, at }) => [rank * (depth + gap), at * (breadth + (down ? 8 : 12))];
  const paths = routes.map((stops, k) => {
    // Edges that end in one node arrive side by side, in the order they come from.
    const rivals = routes.filter((_, other) => edges[other].to === edges[k].to).sort((a, b) => a.at(-2).at - b.at(-2).at);
    const port = (rivals.indexOf(stops) - (rivals.length - 1) / 2) * Math.min(14, breadth / rivals.length);
    const spot = (a, b) => turn([a, b]).join(" ");
    let [a0, b0] = start(stops[0]);
    [a0, b0] = [a0 + depth, b0 + breadth / 2];
    let d = `M${spot(a0, b0)}`;
    for (const stop of stops.slice(1)) {
      let [a1, b1] = start(stop);
      [a1, b1] = stop.free ? [a1, b1 + breadth / 2] : [a1 - 1, b1 + breadth / 2 + port];
      const middle = (a0 + a1) / 2;
      d += `C${spot(middle, b0)} ${spot(middle, b1)} ${spot(a1, b1)}`;
      if (stop.free) d += `L${spot((a1 += depth), b1)}`; // straight past the nodes of this rank
      [a0, b0] = [a1, b1];
    }
    return { d, end: turn([a0, b0]) };
  });
  const ends = [...items.values()].map(start);
  const far = (axis, extra) => Math.max(...ends.map((end) => end[axis])) + extra;
  return {
    size: turn([far(0, depth), far(1, breadth)]),
    width,
    down,
    corners: new Map([...items].map(([i, item]) => [i, turn(start(item))])),
    paths,
  };
};
