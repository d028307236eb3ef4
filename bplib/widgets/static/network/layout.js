// Where the parts of a network stand: from left to right if that has room, else from top to bottom.
import { mean } from "../samples.js";

export const R = 42; // of a unit
export const SMALL = 27; // of an input
export const LINE = 20; // of a text in a pill
export const LOSS = [38, 18]; // half of the loss's box
const PILL = [96, 50]; // a bias: on one line; on two, beside a unit of a layer that lies
const NEAR = 20; // layers nearer than this stand under each other
const BETWEEN = 34; // layers under each other: room for a name

// Returns {down, size: [width, height], breadth, gap, pill, at: Map(node -> [x, y]), loss: [x, y]} in px; of a picture that
// is wider than the room, which is then drawn smaller.
export const layoutOf = ({ layers, depth, biased, outputs }, room) => {
  const gap = (room - 2 * SMALL - depth * 2 * R - 2 * LOSS[0]) / (depth + 1);
  const down = gap < NEAR;
  const pill = PILL[Number(down)];
  const most = Math.max(...layers.map((layer) => layer.length));
  const width = down ? Math.max(room, most * (2 * R + pill + 8)) : room;
  const breadth = down ? width / most : 2 * R + LINE + 38; // of a unit with its name and its bias
  const aside = down ? width : most * breadth;
  const between = down ? BETWEEN : gap;
  // Along the flow: inputs, units.
  const start = down ? SMALL + 17 : SMALL;
  const along = (k) => (k ? start + SMALL + k * between + (2 * k - 1) * R : start);
  const shift = biased ? (pill + 4) / 2 : 0;
  const spot = (k, i, count) => {
    const side = aside / 2 + (i - (count - 1) / 2) * breadth;
    return down ? [side - shift, along(k)] : [along(k), side - 6];
  };
  const at = new Map(layers.flatMap((layer, k) => layer.map((a, i) => [a, spot(k, i, layer.length)])));
  const loss = down
    ? [mean(outputs.map((a) => at.get(a)[0])), along(depth) + R + BETWEEN + LOSS[1]]
    : [room - LOSS[0], aside / 2 - 6];
  return { down, size: [width, down ? loss[1] + LOSS[1] + 6 : aside], breadth, gap, pill, at, loss };
};

// A line between two places that begins and ends so far from them.
export const between = ([x0, y0], [x1, y1], r0, r1) => {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  return `M${x0 + ux * r0} ${y0 + uy * r0}L${x1 - ux * r1} ${y1 - uy * r1}`;
};
