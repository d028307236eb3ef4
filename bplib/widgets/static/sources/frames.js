// Arrays that Python computed in advance, behind a figure: its inputs are stops, counted from 0.
import { Frames } from "../engine/frames.js";
import { fill, words } from "../words.js";

export class FramesSource {
  // What FramesSource.spec says in Python (bplib/widgets/sources/frames.py).
  constructor({ frames, names, start }) {
    this.frames = new Frames(frames);
    this.names = names;
    this.start = start;
    this.whole = names.map((_, n) => n);
    this.learns = false;
    this.output = "";
    this.params = [];
    this.movable = [];
  }

  run(inputs) {
    return { inputs };
  }

  read({ inputs }, q) {
    if (typeof q !== "string") throw new Error(fill(words.engine.noNode, { name: JSON.stringify(q) }));
    const { shape, data } = this.frames.value(q, Object.fromEntries(this.names.map((name, n) => [name, inputs[n]])));
    return { shape, data: data.slice() };
  }
}
