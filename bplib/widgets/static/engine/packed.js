// Arrays as they travel from Python: {shape, type, data}, data the base64 of little-endian numbers. Python chooses
// the smallest type that holds every number exactly.
const READ = {
  u1: [1, (view, at) => view.getUint8(at)],
  u2: [2, (view, at) => view.getUint16(at, true)],
  i4: [4, (view, at) => view.getInt32(at, true)],
  f4: [4, (view, at) => view.getFloat32(at, true)],
  f8: [8, (view, at) => view.getFloat64(at, true)],
};

// The numbers, in an array of the kind `Kind`.
export const unpacked = ({ type, data }, Kind = Float64Array) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const [size, read] = READ[type];
  return Kind.from({ length: bytes.length / size }, (_, k) => read(view, k * size));
};
