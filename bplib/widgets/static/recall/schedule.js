// When a miss comes back. Pure. Days are numbers, those of the reader's calendar: what was missed in the evening is due
// on the next morning.

// So many days after the miss, and then after each right answer; after the last of them it is done.
export const AFTER = [1, 3, 7, 21];

export const dayOf = (at) => {
  const date = new Date(at);
  return Math.floor((date.getTime() - 60_000 * date.getTimezoneOffset()) / 86_400_000);
};

// The day from which a prediction is due, of its bets in their order, [{ day, right }]; undefined if none is. A right
// answer before its day changes nothing, because it was told not long ago; a wrong one starts over on any day.
export const dueFrom = (made) => {
  let stage;
  let due;
  for (const { day, right } of made) {
    if (right && (due === undefined || day < due)) continue;
    stage = right ? stage + 1 : 0;
    due = stage < AFTER.length ? day + AFTER[stage] : undefined;
  }
  return due;
};
