// Which questions come back on a page. Pure: the same seed chooses the same. A question has { page, name }, and may have
// `since`, the day from which on the reader's miss is due, and `answered`, whether it came back today already.

export const THREE = 3;
const [NEAR, FAR] = [2, 4]; // chapters ago

export const chapterOf = (page) => Number(/(\d+)-[^/]*$/.exec(page)[1]);

// A number for a text: FNV-1a, then mixed, because texts that differ in one letter shall not be neighbours.
export const hash = (text) => {
  let h = 2166136261;
  for (const letter of text) h = Math.imul(h ^ letter.codePointAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 16), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return (h ^ (h >>> 16)) >>> 0;
};

const drawn = (questions, seed) => {
  const place = ({ page, name }) => hash(`${seed} ${page} ${name}`);
  return questions.toSorted((a, b) => place(a) - place(b));
};
const before = (questions, here) => questions.filter(({ page }) => chapterOf(page) < chapterOf(here));

// Two minutes back: one question of the chapter before, one of two to four chapters ago, and the miss that is due
// longest. A due miss is preferred for each place, and a place without a question is filled from the others.
export const back = (questions, here, seed) => {
  const missed = questions.filter(({ page, since }) => since !== undefined && page !== here);
  missed.sort((a, b) => a.since - b.since);
  const others = drawn(before(questions, here), seed);
  const last = Math.max(...others.map(({ page }) => chapterOf(page)));
  const isLast = (chapter) => chapter === last;
  const isOlder = (chapter) => chapter < last && chapter <= chapterOf(here) - NEAR && chapter >= chapterOf(here) - FAR;
  const chosen = new Set();
  for (const fits of [isLast, isOlder, () => true, () => true, () => true]) {
    const next = [...missed, ...others].find((each) => !chosen.has(each) && fits(chapterOf(each.page)));
    if (next && chosen.size < THREE) chosen.add(next);
  }
  return [...chosen];
};

// Mixed: of different chapters before, as far as there are, and what came back today last.
export const mixed = (questions, here, seed) => {
  const all = drawn(before(questions, here), seed);
  const fresh = all.filter(({ answered }) => !answered);
  const ofEach = fresh.filter(({ page }, k) => fresh.findIndex((each) => each.page === page) === k);
  return [...new Set([...ofEach, ...fresh, ...all])].slice(0, THREE);
};

// Which of a question's n cases is asked: a variant, if it has any, and another than last time.
export const caseOf = (n, last, seed) => {
  if (n === 1) return 0;
  const k = hash(seed) % (n - 1);
  return 1 + (1 + k === last ? (k + 1) % (n - 1) : k);
};
