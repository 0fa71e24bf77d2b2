// A clock that only runs when it is told to: import this before anything that keeps time. What it
// replaces is the page's own time; the browser goes on painting in its own.

/** @typedef {{ id: number, at: number, every: number, act: () => void }} Timer */

const real = { frame: globalThis.requestAnimationFrame.bind(globalThis) };
const began = Date.now();
let now = 0;
let lastId = 0;
/** @type {Timer[]} */
let timers = [];
/** @type {((now: number) => void)[]} */
let frames = [];

/** @param {() => void} act @param {number} wait ms @param {number} every ms; 0 = once */
function start(act, wait, every) {
  lastId += 1;
  timers.push({ id: lastId, at: now + Math.max(0, wait), every, act });
  return lastId;
}
/** @param {number|undefined} id */
const stop = (id) => void (timers = timers.filter((timer) => timer.id !== id));

Object.assign(globalThis, {
  setTimeout: (/** @type {(...words: any[]) => void} */ act, wait = 0, /** @type {any[]} */ ...words) => start(() => act(...words), wait, 0),
  setInterval: (/** @type {(...words: any[]) => void} */ act, every = 0, /** @type {any[]} */ ...words) => start(() => act(...words), every, Math.max(1, every)),
  clearTimeout: stop,
  clearInterval: stop,
  requestAnimationFrame: (/** @type {(now: number) => void} */ draw) => frames.push(draw),
});
performance.now = () => now;
Date.now = () => began + now;

/** All that is due, and what it leads to. */
async function settle() {
  for (let due = timers.find(({ at }) => at <= now); due; due = timers.find(({ at }) => at <= now)) {
    if (due.every > 0) due.at += due.every;
    else stop(due.id);
    due.act();
    await null;
  }
}

/** One frame of so many ms. @param {number} ms */
export async function tick(ms) {
  now += ms;
  await settle();
  const due = frames;
  frames = [];
  for (const draw of due) draw(now);
  await settle();
}

/** The browser's own next frame: it paints what was drawn. */
export const painted = () => new Promise((resolve) => real.frame(resolve));
