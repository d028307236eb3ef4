// Where the nodes of a graph stand: in ranks along the flow, so that every edge points forward.

const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

// The moving parts of a tape: constants are folded into labels. An edge {from, to, arg} is one use of a number.
export const movingParts = (tape) => {
  const nodes = [];
  const edges = [];
  tape.nodes.forEach(([op, ...args], i) => {
    if (op === "const") return;
    nodes.push(i);
    if (op !== "input") {
      args.forEach((from, arg) => tape.nodes[from][0] !== "const" && edges.push({ from, to: i, arg }));
    }
  });
  return { nodes, edges };
};

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

// Puts things with wishes as near to them as their order and distance allow.
const settle = (row, wishes, apart) => {
  const down = [...wishes];
  const up = [...wishes];
  for (let k = 1; k < row.length; k++) down[k] = Math.max(down[k], down[k - 1] + apart(row[k - 1], row[k]));
  for (let k = row.length - 2; k >= 0; k--) up[k] = Math.min(up[k], up[k + 1] - apart(row[k], row[k + 1]));
  row.forEach((item, k) => (item.at = (down[k] + up[k]) / 2));
};

// Returns {size, along, items: Map(node -> {rank, at}), routes: [[{rank, at}, ...] for each edge]}; `at` counts
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
  rows.forEach((row) => settle(row, row.map((_, k) => k), apart));
  for (let sweep = 0; sweep < 8; sweep++) {
    const forward = sweep % 2 === 0;
    for (const row of forward ? rows : rows.toReversed()) {
      const wish = (item) => {
        // An input has no place of its own to keep: it moves with what uses it.
        const beside = forward && item.before.length ? item.before : item.after.length ? item.after : item.before;
        return beside.length ? mean(beside.map((other) => other.at)) : item.at;
      };
      settle(row, row.map(wish), apart);
    }
  }
  const all = rows.flat();
  const first = Math.min(...all.map((item) => item.at));
  all.forEach((item) => (item.at -= first));
  return { ranks, size: Math.max(...all.map((item) => item.at)) + 1, items, routes };
};
