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
    module = await WebAssembly.compile(wasm); // once, for each worker that will run it
    source = URL.createObjectURL(new Blob(script, { type: "text/javascript" }));
  }

  let taken;
  addEventListener("message", async ({ data, ports }) => {
    if (data.parts) taken = take(data.parts);
    const [port] = ports;
    running?.terminate();
    await taken;
    running = new Worker(source);
    running.onerror = ({ message }) => port.postMessage(JSON.stringify({ kind: "broken", text: message }));
    running.postMessage({ parts, module, port }, [port]);
  });
}

// Opens the frame and gives it the parts, a Map of ArrayBuffers by name, which are its own from then on. Returns
// start(port), which runs a new worker that talks through this port in place of the one before, and close().
export const open = async (parts) => {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.sandbox = "allow-scripts";
  frame.srcdoc = page();
  const loaded = new Promise((done) => (frame.onload = done));
  document.body.append(frame);
  await loaded;
  const files = new Map(parts);
  const take = (name) => {
    const part = files.get(name);
    files.delete(name);
    return part;
  };
  const wasm = take("pyodide.asm.wasm");
  const script = [take("pyodide.asm.js"), "\n", take("pyodide.js"), `\n(${worker})(${JSON.stringify(kept)});`];
  let given = { parts: { script, files, wasm } };
  let transfer = [...parts.values()];
  return {
    start(port) {
      frame.contentWindow.postMessage(given, "*", [port, ...transfer]);
      [given, transfer] = [{}, []];
    },
    close: () => frame.remove(),
  };
};
