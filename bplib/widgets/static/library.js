// The library: it draws each kind of figure into an element. `views` is a table of mount(element, store, view), and
// `shared` of the files of which further views are made.
import { figure as expressions } from "./expressions.js";
import { render as explore } from "./explore.js";
import { figure as live } from "./main.js";
import { Model } from "./model.js";
import { fill, words } from "./words.js";

export const library = (views, shared) => {
  const kinds = { live: live(views), expressions: expressions(views), explore };
  return {
    Model,
    // A further kind, from a script of its own (predict/predict.js).
    add(kind, render) {
      kinds[kind] = render;
    },
    // A further view, from a script of its own (library.view_script).
    extend(view, make) {
      views[view] = make(shared);
    },
    // The views that a figure with this state needs and that aren't here.
    lacks({ spec, recorded = [{ spec }] }) {
      const needed = recorded.flatMap((each) => each.spec?.views ?? []).map(({ view }) => view);
      return [...new Set(needed)].filter((view) => !views[view]);
    },
    // Whether the state of a widget is that of a figure.
    knows: ({ _bplib_kind: kind }) => Object.hasOwn(kinds, kind),
    // Returns the cleanup. A figure that fails says so in its place; those beside it live.
    render({ model, el }) {
      try {
        return kinds[model.get("_bplib_kind")]({ model, el });
      } catch (error) {
        console.error(error);
        el.textContent = fill(words.figure.broken, { error });
        return () => {};
      }
    },
  };
};
