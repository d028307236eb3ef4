// Python in the page, `bplib_python`: one worker that all cells share, loaded when a reader first asks for it.
import { fill, words } from "../words.js";
import { bytes, load as loadParts, versions } from "./parts.js";
import { open } from "./sandbox.js";
import { once, style } from "./script.js";

// What Python says of itself as HTML may come from a file that someone sent: nothing of it runs, and nothing of it asks
// for anything from elsewhere. A style says colours and widths; what could hold an address is left out.
const ADDRESS = /^data:image\/(?:png|jpeg|gif|webp);|^#/;
const PLAIN_STYLE = /^[\w\s:;,.%#()+-]*$/;

// On a page with RequireJS the purifier would become one of its modules, and nobody would find it.
async function purifyAlone() {
  const { define } = window;
  window.define = undefined;
  try {
    await once("purify.min.js");
  } finally {
    window.define = define;
  }
}

function purifier(make) {
  const purifier = make(window);
  purifier.addHook("uponSanitizeAttribute", (_, attribute) => {
    const { attrName: name, attrValue: value } = attribute;
    if (name === "style") attribute.keepAttr = PLAIN_STYLE.test(value) && !/url|position/i.test(value);
    if (["src", "href"].includes(name)) attribute.keepAttr = ADDRESS.test(value);
    if (["srcset", "background", "poster"].includes(name)) attribute.keepAttr = false;
  });
  const options = {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "select", "textarea", "audio", "video"],
    SANITIZE_NAMED_PROPS: true, // a name on the page stays the page's
  };
  return (html) => purifier.sanitize(html, options);
}

function kernel() {
  let loading; // the promise of { sandbox, purify }
  let worker; // { port, ready }: a worker that was started, and the promise that it can run
  let running; // { hear, done }: the cell that runs
  let last = Promise.resolve(); // the end of what was asked for

  async function load(hear) {
    if (!window.DecompressionStream) throw new Error(words.python.old);
    const purifying = purifyAlone();
    const { runtime, packages } = loadParts(hear);
    await purifying;
    return { sandbox: await open(runtime, packages), purify: purifier(window.DOMPurify) };
  }

  // The cell that runs is over.
  function end(outcome) {
    const { done } = running ?? {};
    running = undefined;
    done?.(outcome);
  }

  // Starts a worker in place of the one before.
  function begin({ sandbox, purify }) {
    worker?.port.close();
    const { port1: port, port2 } = new MessageChannel();
    const ready = new Promise((done, fail) => {
      let began = false;
      // The next call tries from the start.
      const giveUp = (error) => {
        sandbox.close();
        loading = worker = undefined;
        fail(error);
      };
      sandbox.whole.catch(giveUp);
      port.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.kind === "ready") {
          began = true;
          done();
        } else if (message.kind === "broken") {
          const text = fill(words.python.broken, { error: message.text });
          running?.hear({ kind: "broken", text });
          if (began) {
            begin({ sandbox, purify });
          } else {
            giveUp(new Error(text));
          }
          end({ ok: false, broken: true });
        } else if (message.kind === "done") {
          end({ ok: message.ok });
        } else {
          if (message.html !== undefined) message.html = purify(message.html);
          running?.hear(message);
        }
      };
    });
    ready.catch(() => {}); // it is told to whoever waits for it
    worker = { port, ready };
    sandbox.start(port2);
  }

  // Loads what Python needs, if that hasn't been done, and waits until it can run. `hear(bytes)` tells how much has
  // come. What failed is tried again by the next call.
  async function start(hear = () => {}) {
    loading ??= load(hear);
    try {
      const opened = await loading;
      if (!worker) begin(opened);
    } catch (error) {
      loading = undefined;
      throw error;
    }
    await worker.ready;
  }

  const runOne = ({ code, name }, hear) =>
    new Promise((done) => {
      running = { hear, done };
      worker.port.postMessage({ code, name });
    });

  async function runEach(cells, hear) {
    await start();
    let well = true;
    for (const [k, cell] of cells.entries()) {
      let absent = false;
      const outcome = await runOne(cell, (message) => {
        absent ||= message.absent === true;
        hear(message, k);
      });
      if (!outcome.ok && !absent) return { ...outcome, ran: k + 1 };
      well &&= outcome.ok;
    }
    return { ok: well, ran: cells.length };
  }

  // Runs cells, [{ code, name }], one after the other, after those of the call before. Tells what comes out by
  // `hear(message, k)`, k the cell's place; kernel.py says what messages there are. An error ends it, unless what was
  // asked for is absent in the page. Returns { ok, ran }: whether all went well, and how many cells ran; also `stopped`
  // or `broken` if that is why.
  function run(cells, hear) {
    const turn = last.then(() => runEach(cells, hear));
    last = turn.catch(() => {});
    return turn;
  }

  // Ends what runs, and forgets all that ran: a new worker starts.
  async function restart() {
    if (!worker) return;
    begin(await loading);
    end({ ok: false, stopped: true });
    await worker.ready;
  }

  return { start, run, restart };
}

// Loads a script of the library and its style.
async function loadPart(name) {
  style(`${name}.css`);
  await once(`${name}.js`);
}

// Draws a figure that Python told of, {kind: "figure", state}, into an element; returns the cleanup.
async function draw({ state }, el) {
  if (!window.bplib) await loadPart("live");
  if (!window.bplib.knows(state)) await loadPart("predict");
  await Promise.all(window.bplib.lacks(state).map((view) => once(`views/${view}.js`)));
  return window.bplib.render({ model: new window.bplib.Model({ state }), el });
}

export const python = () => ({ bytes, versions, ...kernel(), draw });
