// The worker that runs Python. It is made from this function's text, after Pyodide's own two scripts, and so it uses
// nothing from outside itself. `kept` names what is left of the browser once Python runs: the language, a clock,
// chance, and what turns bytes into text.
export function worker(kept) {
  const PAGES = 2 ** 30 / 2 ** 16; // Python's memory ends at 1 GB, counted in WebAssembly's pages

  function leaveKept() {
    const names = new Set(kept);
    const end = EventTarget.prototype;
    for (let place = self; place !== end; place = Object.getPrototypeOf(place)) {
      for (const name of Object.getOwnPropertyNames(place)) {
        if (!names.has(name)) Reflect.deleteProperty(place, name);
      }
    }
  }

  // Pyodide fetches its files; here they are at hand already.
  function answerFrom(parts, module) {
    self.fetch = async (address) => {
      const name = String(address.url ?? address).split("/").pop();
      if (!parts.has(name)) throw new Error(`There is no ${name} here.`);
      return new Response(parts.get(name));
    };
    WebAssembly.instantiateStreaming = async (_, imports) => ({
      module,
      instance: await WebAssembly.instantiate(module, imports),
    });
    const { Memory } = WebAssembly;
    WebAssembly.Memory = function (limits) {
      return new Memory(limits.shared ? limits : { ...limits, maximum: PAGES });
    };
  }

  // Puts the files of a zip that isn't compressed where Python finds them. They aren't copied.
  function unpack(zip, folder, FS) {
    const [view, bytes, text] = [new DataView(zip), new Uint8Array(zip), new TextDecoder()];
    const made = new Set();
    let at = 0;
    while (view.getUint32(at, true) === 0x04034b50) { // a file; what follows the last is the table of contents
      const size = view.getUint32(at + 22, true);
      const begin = at + 30 + view.getUint16(at + 26, true);
      const name = text.decode(bytes.subarray(at + 30, begin));
      const start = begin + view.getUint16(at + 28, true);
      at = start + size;
      const place = `${folder}/${name}`;
      const parent = place.slice(0, place.lastIndexOf("/"));
      if (!made.has(parent)) FS.mkdirTree(parent);
      made.add(parent);
      FS.writeFile(place, bytes.subarray(start, at), { canOwn: true });
    }
  }

  let give;
  const packages = new Promise((done) => (give = done));

  async function start({ parts, module, port }) {
    const post = (message) => port.postMessage(message);
    const tell = (message) => post(JSON.stringify(message));
    answerFrom(parts, module);
    parts.set("pyodide.asm.wasm", new ArrayBuffer(0)); // asked for, and not looked at: it is compiled already
    const mute = { stdin: () => null, stdout() {}, stderr() {} }; // the kernel has its own
    const python = await loadPyodide({ indexURL: "https://nowhere.invalid/", ...mute });
    const lib = "/lib/python3.12/site-packages";
    for (const zip of (await packages).values()) unpack(zip, lib, python.FS);
    const run = python.pyimport("bplib.widgets.page.kernel").start(post);
    leaveKept();
    port.onmessage = ({ data: { code, name } }) => {
      try {
        run(code, name);
      } catch (error) {
        tell({ kind: "broken", text: String(error) });
      }
    };
    tell({ kind: "ready" });
  }

  self.onmessage = ({ data }) => {
    if (data.packages) return give(data.packages);
    start(data).catch((error) => data.port.postMessage(JSON.stringify({ kind: "broken", text: String(error) })));
  };
}
