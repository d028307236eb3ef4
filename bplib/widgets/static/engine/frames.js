// Arrays that Python computed in advance, one set for each stop of some controls (bplib/widgets/frames.py). They
// come quantised: whole numbers, the step between two of them, and the largest error that this makes, `error`.
import { count } from "./pairs.js";
import { unpacked } from "./packed.js";

const VERSION = 1;
const KINDS = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array, f8: Float64Array };

export class Frames {
  constructor({ version, stops, arrays }) {
    if (version !== VERSION) throw new Error(`This page reads frames of version ${VERSION}, not ${version}.`);
    this.stops = stops; // [name, its stops] in order; the last one moves fastest
    this.arrays = new Map(arrays.map((array) => [array.name, {
      ...array,
      codes: unpacked(array, KINDS[array.type]),
      out: { shape: array.shape, data: new Float64Array(count(array.shape)) }, // one buffer, filled anew at each stop
    }]));
  }

  // Which frame belongs to {name: number of its stop, counted from 0}.
  place(at) {
    return this.stops.reduce((place, [name, { length }]) => {
      const k = at[name];
      if (!(k >= 0 && k < length)) throw new Error(`${name} has stops 0 to ${length - 1}, not ${k}.`);
      return place * length + k;
    }, 0);
  }

  // The array at a stop, {shape, data}; NaN where Python had NaN.
  value(name, at) {
    const array = this.arrays.get(name);
    const names = [...this.arrays.keys()].join(", ");
    if (!array) throw new Error(`There is no array ${name} in these frames. There are ${names}.`);
    const { codes, low, step, gap, out } = array;
    const { data } = out;
    const first = this.place(at) * data.length;
    for (let k = 0; k < data.length; k++) {
      const code = codes[first + k];
      data[k] = code === gap ? NaN : low + step * code;
    }
    return out;
  }

  error(name) {
    return this.arrays.get(name).error;
  }
}
