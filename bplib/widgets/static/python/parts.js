// The parts that Python is made of: each a few scripts of at most a megabyte, because a script is what a page may load
// from a folder too. Each hands over a piece of the part's gzip, in base64, by calling `bplib_python_piece`.
import { fill, words } from "../words.js";
import table from "./parts.json" with { type: "json" };

export const versions = table.versions;

const parts = Object.entries(table.parts); // [[name, {mark, bytes: [of each piece]}]]
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// What has to travel, in bytes.
export const bytes = sum(parts.map(([, part]) => sum(part.bytes)));

const decode = Uint8Array.fromBase64
  ? (text) => Uint8Array.fromBase64(text)
  : (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// Returns a Map of ArrayBuffers by name, and tells by `hear(bytes)` how much has come.
export const load = async (folder, hear) => {
  const pieces = {};
  window.bplib_python_piece = (name, k, text) => (pieces[`${name}.${k}`] = text);
  let come = 0;
  const piece = (name, mark, size, k) =>
    new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = `${folder}${name}.${k}.js?v=${mark}`;
      script.onload = () => {
        script.remove();
        const text = pieces[`${name}.${k}`];
        delete pieces[`${name}.${k}`];
        hear((come += size));
        done(decode(text));
      };
      script.onerror = () => {
        script.remove();
        fail(new Error(fill(words.python.missing, { file: `${name}.${k}.js` })));
      };
      document.head.append(script);
    });
  const part = async ([name, { mark, bytes }]) => {
    const packed = new Blob(await Promise.all(bytes.map((size, k) => piece(name, mark, size, k))));
    const unpacked = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return [name, await new Response(unpacked).arrayBuffer()];
  };
  try {
    return new Map(await Promise.all(parts.map(part)));
  } finally {
    delete window.bplib_python_piece;
  }
};
