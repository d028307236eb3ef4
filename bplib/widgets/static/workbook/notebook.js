// The student's notebook with the answers that stand on the page: what is handed in.
import { once } from "../python/script.js";

const lines = (text) => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

// Returns the text of an exercise page's notebook, with `texts`, a Map by cell id, in its cells. Cells that a course
// locks stay as they were; results, which belong to other texts, go; nothing else changes.
export const notebook = async (page, texts) => {
  const name = page.split("/").pop();
  await once(`notebooks/${name}.js`);
  const nb = structuredClone(window.bplib_notebooks[name]);
  for (const cell of nb.cells) {
    if (cell.cell_type === "code") {
      cell.execution_count = null;
      cell.outputs = [];
    }
    if (texts.has(cell.id) && !cell.metadata.nbgrader?.locked) cell.source = lines(texts.get(cell.id));
  }
  return { name: `${name}.ipynb`, text: `${JSON.stringify(nb, null, 1)}\n` };
};
