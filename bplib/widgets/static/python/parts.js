// The parts that Python is made of: each a few scripts of at most a megabyte, because a script is what a page may load
// from a folder too. Each hands over a piece of the part's gzip, in base64, by calling `bplib_python_piece`.
import table from "./parts.json" with { type: "json" };
import { load as script } from "./script.js";

export const versions = table.versions;

const parts = Object.entries(table.parts); // [[name, {mark, bytes: [of each piece]}]]
const isPackage = ([name]) => table.packages.includes(name);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// What has to travel, in bytes.
export const bytes = sum(parts.map(([, part]) => sum(part.bytes)));

const decode = Uint8Array.fromBase64
  ? (text) => Uint8Array.fromBase64(text)
  : (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// Returns promises of Maps of ArrayBuffers by name: of the runtime, which comes first, and of the packages, without
// which Python starts. Tells by `hear(bytes)` how much has come.
export const load = (hear) => {
  const texts = {};
  window.bplib_python_piece = (name, k, text) => (texts[`${name}.${k}`] = text);
  let come = 0;
  const piece = async (name, mark, size, k) => {
    await script(`python/${name}.${k}.js?v=${mark}`);
    const bytes = decode(texts[`${name}.${k}`]);
    delete texts[`${name}.${k}`];
    hear((come += size));
    return bytes;
  };
  const part = async ([name, { mark, bytes }]) => {
    const packed = new Blob(await Promise.all(bytes.map((size, k) => piece(name, mark, size, k))));
    const unpacked = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return [name, await new Response(unpacked).arrayBuffer()];
  };
  const all = async (wanted) => new Map(await Promise.all(wanted.map(part)));
  const runtime = all(parts.filter((part) => !isPackage(part)));
  const packages = runtime.then(() => all(parts.filter(isPackage)));
  packages.catch(() => {}); // it is told to whoever waits for them
  return { runtime, packages };
};
