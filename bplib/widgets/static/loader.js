// What a figure carries in Jupyter. The library is a widget of its own, which all figures of a kernel share: its
// text travels once, and runs once.
const load = async (shared) => {
  const address = URL.createObjectURL(new Blob([shared.get("_bplib_script")], { type: "text/javascript" }));
  const { default: library } = await import(address);
  URL.revokeObjectURL(address);
  const style = document.querySelector("style.bp-style") ?? document.createElement("style");
  style.className = "bp-style";
  style.textContent = shared.get("_bplib_style");
  document.head.append(style);
  return library;
};

export default {
  async render({ model, el }) {
    const shared = await model.widget_manager.get_model(model.get("_library").replace("IPY_MODEL_", ""));
    const library = await (shared.library ??= load(shared));
    return library.render({ model, el });
  },
};
