// What was read of a frame, as a copy: the source overwrites its arrays, and would have to go back in training for those
// of an earlier frame.
export const memory = (read) => {
  const copies = new WeakMap();
  return (frame) => {
    if (!copies.has(frame)) copies.set(frame, read(frame));
    return copies.get(frame);
  };
};
