// Hides elements. Returns what shows them; the browser's search, where it finds something in them, and an address that
// leads there show them too, and `found` is called.
export const hide = (elements, found) => {
  const come = () => {
    show();
    found();
  };
  const led = () => {
    const to = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!to || !elements.some((element) => element.contains(to))) return;
    come();
    to.scrollIntoView();
  };
  const show = () => {
    removeEventListener("hashchange", led);
    for (const element of elements) {
      element.removeEventListener("beforematch", come);
      element.removeAttribute("hidden");
      element.classList.remove("bp-folded");
    }
  };
  for (const element of elements) {
    element.setAttribute("hidden", "until-found");
    element.classList.add("bp-folded");
    element.addEventListener("beforematch", come);
  }
  addEventListener("hashchange", led);
  led();
  return show;
};
