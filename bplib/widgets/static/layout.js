// Where the nodes of a graph stand in the page. Ranks and places come from Python (bplib/diagram.py), so that
// the still picture shows the same; here they become pixels.

const WIDEST = 112;
const NARROWEST = 84; // from left to right
const TIGHTEST = 70; // from top to bottom

// The diagram in pixels, for a room of some width: from left to right if it fits, else from top to bottom.
// nodes: [{i, rank, at}]; edges: [{from, to, port, via}], where `via` passes the ranks in between. A node is at most as wide
// as is said last, and as said before it where they stand side by side.
// Returns {size: [width, height], width, down, corners: Map(i -> [x, y]), paths: [{d, end}]}.
export const place = ({ nodes, edges }, room, height, narrow = NARROWEST, wide = WIDEST) => {
  const ranks = Math.max(...nodes.map(({ rank }) => rank)) + 1;
  const size = Math.max(...nodes.map(({ at }) => at), ...edges.flatMap(({ via }) => via)) + 1;
  const down = ranks * (narrow + 18) - 18 > room;
  const gap = down ? 30 : Math.min(64, Math.max(18, (room - ranks * wide) / Math.max(1, ranks - 1)));
  const fitting = down ? Math.max(TIGHTEST, (room + 8) / size - 8) : (room + gap) / ranks - gap;
  const width = Math.floor(Math.min(wide, fitting));
  // Everything is found along the flow and aside of it; `turn` makes [x, y] of the two.
  const turn = ([along, aside]) => (down ? [aside, along] : [along, aside]);
  const [depth, breadth] = turn([width, height]);
  const start = ({ rank, at }) => [rank * (depth + gap), at * (breadth + (down ? 8 : 12))];
  const items = new Map(nodes.map((node) => [node.i, node]));
  const paths = edges.map(({ from, to, port, via }) => {
    const rivals = edges.filter((other) => other.to === to).length; // they arrive side by side
    const aside = port * Math.min(14, breadth / rivals);
    const spot = (a, b) => turn([a, b]).join(" ");
    let [a0, b0] = start(items.get(from));
    [a0, b0] = [a0 + depth, b0 + breadth / 2];
    let d = `M${spot(a0, b0)}`;
    const bend = (a1, b1) => {
      const middle = (a0 + a1) / 2;
      d += `C${spot(middle, b0)} ${spot(middle, b1)} ${spot(a1, b1)}`;
      [a0, b0] = [a1, b1];
    };
    via.forEach((at, k) => {
      const [a1, b1] = start({ rank: items.get(from).rank + 1 + k, at });
      bend(a1, b1 + breadth / 2);
      d += `L${spot((a0 += depth), b0)}`; // straight past the nodes of this rank
    });
    const [a1, b1] = start(items.get(to));
    bend(a1 - 1, b1 + breadth / 2 + aside);
    return { d, end: turn([a0, b0]) };
  });
  const ends = nodes.map(start);
  const far = (axis, extra) => Math.max(...ends.map((end) => end[axis])) + extra;
  return {
    size: turn([far(0, depth), far(1, breadth)]),
    width,
    down,
    corners: new Map(nodes.map((node) => [node.i, turn(start(node))])),
    paths,
  };
};
