// The wheel over a control: a press of an arrow key per notch, ten times finer with Shift. A scroll that
// only passes over the control goes on scrolling. What is turned without a pause is one gesture.

/** @import { Parameter } from "./parameter.js" */

/** After a notch elsewhere the page is being scrolled, ms. */
const SCROLL_MS = 300;
/** After this pause the hand is off the wheel, ms. */
const PAUSE_MS = 400;
/** What a notch of the wheel measures in pixels, in lines and in pages. */
const NOTCH = [100, 3, 1];

let scrolled = -Infinity;
document.addEventListener("wheel", (event) => {
  const over = event.target instanceof Element && event.target.closest("[data-turns]");
  if (!over) scrolled = event.timeStamp;
}, { capture: true, passive: true });

/** @param {HTMLElement} root @param {Parameter} parameter */
export function turnable(root, parameter) {
  let rest = 0;
  /** @type {number|undefined} */
  let pause;
  root.dataset.turns = "";
  root.addEventListener("wheel", (event) => {
    if (event.ctrlKey) return;
    if (event.timeStamp - scrolled < SCROLL_MS) {
      scrolled = event.timeStamp;
      return;
    }
    event.preventDefault();
    // With Shift, browsers turn the wheel sideways.
    rest -= (event.deltaY || event.deltaX) / NOTCH[event.deltaMode];
    const notches = Math.trunc(rest);
    if (notches === 0) return;
    rest -= notches;
    parameter.begin();
    parameter.ask(parameter.taper.nudge(parameter.current(), notches, event.shiftKey));
    clearTimeout(pause);
    pause = setTimeout(() => parameter.release(), PAUSE_MS);
  }, { passive: false });
}
