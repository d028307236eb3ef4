// Puts a figure beside its text, where it stays in sight while one reads on. Its text is the prose that leads to it and
// what follows, up to the next figure or the end of its section. It stands there only where the page's column leaves it
// LEAST pixels and it fits the height below the header; else in its place, as on paper and without scripts. The list of
// the page's contents gives way: it is behind its button then, as on a phone. The first Tab stops lead to the figures.
(() => {
  const LEAST = 480; // pixels for a figure
  const EASE = 720; // what a figure has before its text is wider than NARROW
  const MOST = 900;
  const [NARROW, WIDE] = [31.5, 34.5]; // the text, in rem: 60 to 75 characters a line
  const GAP = 20; // between the two, and
  const AIR = 8; // above and below the figure; as in site.css

  const page = document.documentElement;
  const content = document.querySelector(".bd-content");
  const article = document.querySelector(".bd-article");
  const header = document.querySelector(".bd-header-article");
  const set = (element, name, pixels) => element.style.setProperty(`--bp-${name}`, `${pixels}px`);
  const skip = document.querySelector("#pst-skip-link");

  // The neighbours of the cell that are its figure's text, and the cell.
  function textOf(cell) {
    const opening = cell.parentNode.matches(":has(> h1)"); // of the chapter: it ends with the first section
    const ends = (next) => !next || next.querySelector(".bp-live") || (opening && next.matches("section"));
    const text = [cell];
    while (text[0].previousElementSibling?.matches(":not(.cell, section)")) text.unshift(text[0].previousElementSibling);
    while (!ends(text.at(-1).nextElementSibling)) text.push(text.at(-1).nextElementSibling);
    return text;
  }

  class Place {
    constructor(figure, all) {
      this.figure = figure;
      this.track = figure.closest(".widget-subarea");
      this.cell = figure.closest("section > *");
      this.text = textOf(this.cell);
      this.alone = all.filter((other) => this.cell.contains(other)).length === 1;
      this.room = 0; // that was added to the text
      this.whole = 0; // px of the figure with all its parts
    }
    get beside() {
      return this.track.classList.contains("bp-beside");
    }
    set beside(yes) {
      this.track.classList.toggle("bp-beside", yes);
      this.text.forEach((element) => element.classList.toggle("bp-narrow", yes));
      this.text.at(-1).classList.toggle("bp-last", yes);
      if (!yes) this.room = 0;
    }
    // With all parts that later tasks open, because a figure that one works with stays where it is.
    find() {
      const { figure } = this;
      const parts = figure.querySelectorAll("[data-part][hidden]");
      const { closed } = figure.dataset;
      parts.forEach((part) => (part.hidden = false));
      delete figure.dataset.closed;
      this.whole = this.length;
      parts.forEach((part) => (part.hidden = true));
      if (closed !== undefined) figure.dataset.closed = closed;
    }
    // A table that is open may make the figure longer than the window: it scrolls then.
    get length() {
      const tables = [...this.figure.querySelectorAll("details[open]")];
      const opened = tables.map((table) => table.offsetHeight - table.firstElementChild.offsetHeight);
      return this.figure.offsetHeight - opened.reduce((a, b) => a + b, 0);
    }
    // What it takes of the window, with the space around it.
    get height() {
      return Math.max(this.whole, this.length) + this.track.firstElementChild.scrollHeight - this.figure.offsetHeight;
    }
    // The figure moves along its text, which gets room for it if it is shorter: for all that tasks open, not for a table.
    measure(most) {
      const [first, last] = [this.text[0], this.text.at(-1)].map((element) => element.getBoundingClientRect());
      const figure = Math.min(this.height, most);
      const text = last.bottom - this.room - first.top;
      this.room = Math.max(0, figure - text);
      set(this.text.at(-1), "room", this.room);
      set(this.track, "tall", text + this.room);
      set(this.track, "top", first.top - this.cell.parentNode.getBoundingClientRect().top);
    }
  }

  let places = [];
  let known = ""; // what was last decided for: until that changes, a figure may go to its place but not come back
  const visible = () => innerHeight - header.offsetHeight - 2 * AIR;

  // How wide the text is and how wide the figure beside it, the contents having given way.
  function columns() {
    const { paddingLeft, paddingRight } = getComputedStyle(article);
    const free = content.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - GAP;
    const rem = parseFloat(getComputedStyle(page).fontSize);
    const text = Math.max(NARROW * rem, Math.min(WIDE * rem, free - EASE));
    return { text, figure: Math.min(MOST, free - text) };
  }

  // What is looked at stays where it is seen: what is in use in a figure, else what is read. Browsers see to that
  // themselves, but not where it changes its width.
  function keeping(change) {
    const active = document.activeElement;
    const inUse = places.some(({ figure }) => figure.contains(active)) && active;
    const top = (element) => element.getBoundingClientRect().top;
    const readable = "section > :not(section), .widget-subarea:not(.bp-beside) .bp-live";
    const read = () => [...article.querySelectorAll(readable)].find((element) => top(element) > header.offsetHeight);
    const seen = scrollY > 0 && (inUse || read());
    const before = seen && top(seen);
    change();
    if (seen) scrollBy({ top: top(seen) - before, behavior: "instant" });
  }

  function settle() {
    const { text, figure } = columns();
    const most = visible();
    const longest = most + AIR; // with the air below it, see site.css
    const now = `${text} ${figure} ${most}`;
    const anew = now !== known;
    const tooHigh = () => places.filter((place) => place.beside && place.height > longest);
    const arrange = () => {
      if (anew) {
        set(page, "text", text);
        set(page, "figure", figure);
        set(page, "header", header.offsetHeight);
        places.forEach((place) => (place.beside = place.alone && figure >= LEAST));
        places.filter(({ beside }) => beside).forEach((place) => place.find());
      }
      tooHigh().forEach((place) => (place.beside = false));
      const beside = places.filter((place) => place.beside);
      page.classList.toggle("bp-wide", beside.length > 0);
      beside.forEach((place) => place.measure(longest));
    };
    known = now;
    if (!anew && !tooHigh().length) return arrange();
    keeping(arrange);
    dispatchEvent(new Event("bp-columns")); // to site.js
  }

  function lead() {
    skip.append(...places.map(({ figure }, k) => {
      figure.id = `live-${k + 1}`;
      figure.tabIndex = -1;
      const link = document.createElement("a");
      link.href = `#${figure.id}`;
      link.textContent = places.length > 1 ? `Skip to figure ${k + 1}` : "Skip to the figure";
      return link;
    }));
  }

  // figures.js says so.
  addEventListener("bp-drawn", () => {
    const figures = [...document.querySelectorAll(".widget-subarea .bp-live:not(.bp-live *)")];
    places = figures.map((figure) => new Place(figure, figures));
    if (!places.length) return;
    lead();
    // In a frame of its own: figures, too, watch their sizes, and WebKit reports a layout that begins another.
    const watch = new ResizeObserver(() => requestAnimationFrame(settle));
    [content, article, ...figures].forEach((element) => watch.observe(element));
    addEventListener("resize", settle);
  });
})();
