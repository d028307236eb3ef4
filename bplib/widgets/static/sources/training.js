// What the sources that an optimiser trains share. Their state is a number of steps from the start, "steps": a frame
// is reached by training on from where the source is, or again from the start.
//
// A source of this kind has go(frame), which leads it to a frame and returns "" or a sentence; done, the steps that it
// is from the start; answer(q, inputs), a quantity of where it is.
export class Trained {
  constructor({ names, start, whole, optimizer = null }) {
    this.names = names;
    this.start = start;
    this.whole = whole; // the inputs that count
    this.optimizer = optimizer; // {name, options}
    this.learns = optimizer !== null;
    this.replays = this.learns; // another learning rate is another run
    this.params = [];
    this.places = Object.fromEntries(names.map((name, n) => [name, n]));
    this.movable = this.learns ? [this.places.steps] : [];
    this.key = ""; // what the start depends on
  }

  number(inputs, name, otherwise) {
    return name in this.places ? inputs[this.places[name]] : otherwise;
  }

  run(inputs, rate) {
    const before = this.now;
    const frame = { inputs, rate };
    const fault = this.go(frame);
    if (!fault) return (this.now = frame);
    if (before) this.go(before);
    return fault;
  }

  // After a fault the source is in no state: the next one begins anew.
  lost(fault) {
    this.key = "";
    return fault;
  }

  step({ inputs }) {
    return { next: inputs.with(this.places.steps, inputs[this.places.steps] + 1), predicted: null };
  }

  // Many steps at once, up to the last that the figure's control allows; next is null when there is none.
  ahead({ inputs }, many, controls) {
    const { steps } = this.places;
    const last = controls.find(({ n }) => n === steps)?.hi ?? Infinity;
    const to = Math.min(last, inputs[steps] + many);
    return { next: to > inputs[steps] ? inputs.with(steps, to) : null, predicted: null };
  }

  // A quantity of a frame. That of the present one is overwritten by the next run, that of another is a copy.
  read(frame, q) {
    if (frame === this.now) return this.answer(q, frame.inputs);
    const { now } = this;
    this.go(frame);
    const read = this.answer(q, frame.inputs);
    const copy = read.data ? { shape: read.shape, data: read.data.slice() } : read;
    this.go(now);
    return copy;
  }
}
