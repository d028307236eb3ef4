// A control whose present number is a mark on the horizontal axis of a chart, dragged along it or moved by keys.
import { fmt } from "../format.js";
import { fill, words } from "../words.js";
import { nearest } from "./axes.js";

// read(): the control's number, or which of its stops; move(x): another is asked for.
export const stopOn = (sheet, control, log, read, move) => {
  const stops = control.stops?.map(Number);
  const at = (x = read()) => (stops ? stops[x] : x);
  const line = sheet.line("marked");
  const of = stops && ((x) => nearest(stops, x, log ? Math.log : undefined));
  const handle = sheet.point(() => control, read, move, { held: true, of });
  return {
    at, // where a number of the control stands on the axis
    // From the lower to the upper end of the vertical axis.
    show({ lo, hi }) {
      line.show([[at(), lo], [at(), hi]]);
      handle.show(at(), lo, control.name, fill(words.chart.mark, { name: control.name, x: fmt(at()) }));
    },
  };
};
