// A control whose present number is a mark on the horizontal axis of a chart, dragged along it or moved by keys.
import { fmt } from "../format.js";
import { fill, words } from "../words.js";
import { nearest } from "./axes.js";

// read(): the control's number, or which of its stops; move(x): another is asked for. Stops are taken in the order of
// their numbers, whatever theirs is: the key to the right moves the mark to the right.
export const stopOn = (sheet, control, log, read, move) => {
  const stops = control.stops?.map(Number);
  const at = (x = read()) => (stops ? stops[x] : x);
  const line = sheet.line("marked");
  const among = () => {
    const order = [...stops.keys()].sort((a, b) => stops[a] - stops[b]);
    const numbers = order.map((k) => stops[k]);
    const of = (x) => nearest(numbers, x, log ? Math.log : undefined);
    const rank = { lo: 0, hi: stops.length - 1, step: 1 };
    return sheet.point(() => rank, () => order.indexOf(read()), (k) => move(order[k]), { alone: true, of });
  };
  const handle = stops ? among() : sheet.point(() => control, read, move, { alone: true });
  return {
    at, // where a number of the control stands on the axis
    // From the lower to the upper end of the vertical axis.
    show({ lo, hi }) {
      line.show([[at(), lo], [at(), hi]]);
      handle.show(at(), lo, control.name, fill(words.chart.mark, { name: control.name, x: fmt(at()) }));
    },
  };
};
