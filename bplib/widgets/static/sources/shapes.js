// Sizes behind a figure: its inputs, and a shape is read by the names of its axes (bplib/widgets/sources/shapes.py).
export class ShapesSource {
  constructor({ names, start }) {
    Object.assign(this, { names, start, whole: names.map((_, n) => n), learns: false, output: "", params: [], movable: [] });
  }

  run(inputs) {
    return { inputs };
  }

  // A shape: each of its axes is a number, or the name of a size.
  read({ inputs }, axes) {
    return axes.map((axis) => inputs[this.names.indexOf(axis)] ?? axis);
  }
}
