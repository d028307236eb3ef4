// Gives names to what the theme and the widget library leave nameless, so that a screen reader can say them,
// keeps commas beside their formulas and formulas in their column, prints in light colours, and lets the search
// work from a folder.
(() => {
  const each = (selector, mend) => document.querySelectorAll(selector).forEach(mend);

  function nameTheme() {
    // Where there is visible text it is the name; a different label would hide it from voice control.
    each(".search-button-field[aria-label]", (button) => button.removeAttribute("aria-label"));
    each("#pst-primary-sidebar", (bar) => {
      bar.setAttribute("role", "region");
      bar.setAttribute("aria-label", "Contents of the book");
    });
    each(".bd-sidenav summary", (summary) => {
      const chapter = summary.closest("li").querySelector("a").textContent.trim();
      summary.setAttribute("aria-label", `Sections of ${chapter}`);
    });
    each('summary[aria-label="Toggle hidden content"]', (summary) => summary.removeAttribute("aria-label"));
    each("th", (head) => {
      if (head.textContent.trim()) return;
      const corner = document.createElement("td");
      corner.className = head.className;
      head.replaceWith(corner);
    });
    each(".citation[role]", (entry) => entry.setAttribute("role", "listitem"));
  }

  // What scrolls by itself is scrolled with the arrow keys, too.
  function reachScrolling() {
    each("pre, .bd-article table", (block) => {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    });
  }

  // A browser may break a line between a formula and the comma after it.
  function keepPunctuation() {
    each(".bd-article span.math", (formula) => {
      const text = formula.nextSibling;
      const marks = text?.nodeType === Node.TEXT_NODE && text.data.match(/^[.,;:?!)’”]+/)?.[0];
      if (!marks) return;
      const together = document.createElement("span");
      together.className = "bp-unbroken";
      formula.before(together);
      text.data = text.data.slice(marks.length);
      together.append(formula, marks);
    });
  }

  // A formula wider than its column is set smaller: where it is cut, what is left may read as if it were all.
  function fitFormulas() {
    each('.bd-article mjx-container[display="true"]', (formula) => {
      const letters = formula.firstElementChild;
      letters.style.fontSize = "";
      const part = formula.clientWidth / formula.scrollWidth;
      if (part < 1) letters.style.fontSize = `${Math.max(60, Math.floor(98 * part))}%`;
    });
  }

  function nameWidgets() {
    each(".noUi-handle:not([aria-label])", (handle) => {
      const label = handle.closest(".jupyter-widgets")?.querySelector(".widget-label")?.textContent;
      handle.setAttribute("aria-label", label?.trim() || "Slider");
    });
    each("img.widget-image:not([alt])", (image) => {
      image.alt = image.title || "Picture; the text beside it says what it shows";
    });
  }

  // A search result's excerpt is fetched from its page, which a browser refuses for files: titles are enough there.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // The excerpt is made of what the article says: without its title and buttons, and without formulas as typed.
  const excerptFrom = (html, anchor) => {
    const article = new DOMParser().parseFromString(html, "text/html").querySelector("article.bd-article");
    const part = (anchor && article?.querySelector(anchor)) || article;
    part?.querySelectorAll("h1, script, .headerlink, .bp-recall").forEach((element) => element.remove());
    part?.querySelectorAll(".math").forEach((formula) => formula.replaceWith("…"));
    part?.querySelectorAll("dt, li, th, td, h2, h3").forEach((element) => element.append(" "));
    return part?.textContent.replace(/\s+/g, " ") ?? "";
  };
  if (typeof Search !== "undefined") Search.htmlToText = excerptFrom;

  // Contents that were opened with a button have done their work when a section is chosen.
  each("#pst-secondary-sidebar-modal", (dialog) => {
    dialog.addEventListener("click", ({ target }) => target.closest("a") && dialog.close());
  });

  // The theme marks in the list of contents what comes into the upper part of the window, and misses what a long move
  // skips. Once a move is over, the last heading above a third of the window is the place.
  const entries = [...document.querySelectorAll("#pst-page-toc-nav a[href^='#']")];
  const markPlace = () => {
    const heading = ({ hash }) => document.getElementById(decodeURIComponent(hash.slice(1)));
    const isPast = (entry) => heading(entry)?.getBoundingClientRect().top < innerHeight / 3;
    const here = entries.findLast(isPast) ?? entries[0];
    for (const entry of entries) {
      entry.classList.toggle("active", entry === here);
      if (entry === here) entry.setAttribute("aria-current", "true");
      else entry.removeAttribute("aria-current");
    }
    each("#pst-page-toc-nav .toc-entry", (item) => item.classList.toggle("active", item.contains(here)));
  };
  let moving = 0;
  const mark = () => {
    clearTimeout(moving);
    moving = setTimeout(markPlace, 100);
  };
  if (entries.length) ["scroll", "bp-drawn"].forEach((event) => addEventListener(event, mark));

  // Paper is light, whatever was chosen for the screen. A browser tells of printing by events, by the medium, or by both.
  const { dataset } = document.documentElement;
  let theme = null; // of the screen, while the page is printed
  const paper = (printed) => {
    if (printed === (theme !== null)) return;
    [theme, dataset.theme] = printed ? [dataset.theme, "light"] : [null, theme];
  };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  matchMedia("print").addEventListener("change", ({ matches }) => paper(matches));

  const fit = () => {
    fitFormulas();
    reachScrolling();
  };
  addEventListener("load", () => window.MathJax?.startup.promise.then(fit));
  addEventListener("resize", fit);
  addEventListener("bp-columns", fit); // from beside.js
  nameTheme();
  reachScrolling();
  keepPunctuation();
  nameWidgets();
  // Widgets are mounted after the page has loaded, nested ones later still.
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      nameWidgets();
    });
  }).observe(document.body, { childList: true, subtree: true });
})();
