// A text field for code: CodeMirror, or, where its script does not come, a plain one. Escape and then Tab leads out of
// either.
import { html } from "../dom.js";
import { once } from "../python/script.js";
import { words } from "../words.js";

const INDENT = "    ";

function codeMirror(place, text, { changed, run }) {
  const cm = window.bplib_codemirror;
  const { tags: t } = cm;
  const colours = cm.HighlightStyle.define([
    { tag: [t.keyword, t.operatorKeyword], color: "var(--bp-code-keyword)" },
    { tag: [t.string, t.number, t.bool, t.null], color: "var(--bp-code-constant)" },
    { tag: t.comment, color: "var(--bp-code-comment)" },
    { tag: [t.function(t.definition(t.variableName)), t.className], color: "var(--bp-code-name)" },
  ]);
  const view = new cm.EditorView({
    parent: place,
    doc: text,
    extensions: [
      cm.keymap.of([{ key: "Shift-Enter", run: () => (run(), true) }, { key: "Mod-Enter", run: () => (run(), true) }]),
      cm.keymap.of([...cm.closeBracketsKeymap, ...cm.defaultKeymap, ...cm.historyKeymap, cm.indentWithTab]),
      cm.history(),
      cm.python(),
      cm.indentUnit.of(INDENT),
      cm.indentOnInput(),
      cm.bracketMatching(),
      cm.closeBrackets(),
      cm.syntaxHighlighting(colours),
      cm.EditorView.contentAttributes.of({
        tabindex: "0", // a wide line scrolls, and must be reached by keyboard
        "aria-label": words.workbook.code,
        "aria-description": words.workbook.leave,
      }),
      cm.EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
    ],
  });
  return {
    focus: () => view.focus(),
    set: (doc) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: doc } }),
  };
}

function plain(place, text, { changed, run }) {
  const area = html("textarea", { spellcheck: "false", "aria-label": words.workbook.code });
  const fit = () => (area.rows = area.value.split("\n").length);
  area.value = text;
  area.addEventListener("input", () => {
    fit();
    changed(area.value);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run();
  });
  fit();
  place.append(area);
  return {
    focus: () => area.focus(),
    set(text) {
      area.value = text;
      fit();
      changed(text);
    },
  };
}

// Opens a field in a place. `does` is told by changed(text), and asked to run().
export const open = async (place, text, does) => {
  const kind = await once("codemirror.js").then(
    () => codeMirror,
    () => plain,
  );
  return kind(place, text, does);
};
