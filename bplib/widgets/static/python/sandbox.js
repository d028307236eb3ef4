// Where Python lives: a frame that shows nothing, of no origin, whose policy lets nothing in or out but messages. What
// is started in it, be it a worker, has the same policy: the browser enforces it, whatever code manages to run there.
import kept from "./kept.json" with { type: "json" };
import { worker } from "./worker.js";

const POLICY = {
  "default-src": "'none'",
  "script-src": "'unsafe-inline' 'wasm-unsafe-eval' blob:",
  "worker-src": "blob:",
};

function page() {
  const page = document.implementation.createHTMLDocument("");
  const [policy, script] = ["meta", "script"].map((name) => page.head.appendChild(page.createElement(name)));
  policy.httpEquiv = "content-security-policy";
  policy.content = Object.entries(POLICY)
    .map((rule) => rule.join(" "))
    .join("; ");
  script.textContent = `(${keeper})();`;
  return page.documentElement.outerHTML;
}

// Runs in the frame, by its text alone.
function keeper() {
  let parts, module, source, running;

  async function take({ script, files, wasm }) {
    parts = files;
    source = URL.createObjectURL(new Blob(script, { type: "text/javascript" }));
    module = await WebAssembly.compile(wasm); // once, for each worker that will run it
  }

  async function run(port) {
    await taken;
    running?.terminate();
    const worker = (running = new Worker(source));
    worker.onerror = ({ message }) => port.postMessage(JSON.stringify({ kind: "broken", text: message }));
    worker.postMessage({ parts, module, port }, [port]);
    worker.postMessage({ packages: await packages });
  }

  let taken, give;
  const packages = new Promise((done) => (give = done));
  addEventListener("message", ({ data, ports: [port] }) => {
    if (data.parts) taken = take(data.parts);
    if (data.packages) give(data.packages);
    if (port) run(port);
  });
}

// Opens the frame and gives it the runtime and, when they have come, the packages: Maps of ArrayBuffers by name, or
// promises of them, which are the frame's own from then on. Returns start(port), which runs a new worker that talks
// through this port in place of the one before, `whole`, the promise that the packages came, and close().
export const open = async (runtime, packages = new Map()) => {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.sandbox = "allow-scripts";
  frame.srcdoc = page();
  const loaded = new Promise((done) => (frame.onload = done));
  const close = () => frame.remove();
  const post = (data, transfer) => frame.contentWindow.postMessage(data, "*", transfer);
  const give = async () => {
    const given = await packages;
    post({ packages: given }, [...given.values()]);
  };
  document.body.append(frame);
  try {
    const [files] = await Promise.all([runtime, loaded]);
    const transfer = [...files.values()];
    const take = (name) => {
      const part = files.get(name);
      files.delete(name);
      return part;
    };
    const wasm = take("pyodide.asm.wasm");
    const script = [take("pyodide.asm.js"), "\n", take("pyodide.js"), `\n(${worker})(${JSON.stringify(kept)});`];
    post({ parts: { script, files, wasm } }, transfer);
  } catch (error) {
    close();
    throw error;
  }
  return { start: (port) => post({}, [port]), whole: give(), close };
};
