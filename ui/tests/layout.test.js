// The page in windows of any size: nothing sticks out, and where there is room all of it stands at a glance.

import { el } from "../static/lib/dom.js";
import { equal, test } from "./harness.js";

/** The stage in a window of its own. @param {number} width @param {number} height @param {string} what of the stage */
async function stage(width, height, what) {
  const frame = el("iframe", { src: new URL(`stage.html?still&${what}`, import.meta.url).href });
  Object.assign(frame.style, { position: "fixed", width: `${width}px`, height: `${height}px`, border: "0" });
  document.body.append(frame);
  /** @type {string[]} */
  const errors = [];
  for (let i = 0; i < 500; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const view = frame.contentWindow;
    if (view && !view.onerror) view.onerror = (message) => void errors.push(String(message));
    if (frame.contentDocument?.querySelector("[data-param] [aria-labelledby], .parameters-empty:not([hidden])") && i > 30) break;
  }
  const root = /** @type {Document} */ (frame.contentDocument).documentElement;
  return { frame, root, errors };
}

/** What stands out of the window at its right, unless it lies in something that scrolls or is cut. @param {Element} root */
function sticksOut(root) {
  const { clientWidth } = root;
  const scrolls = ".view-bar, .plot-controls, .strips, .diagnostics, .glass";
  return [...root.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5 && !element.closest(scrolls))
    .map((element) => `${element.tagName} ${element.id || element.className}`).slice(0, 5);
}

for (const [width, height] of [[1920, 1080], [1280, 800], [1280, 600], [800, 900], [390, 844], [200, 700]]) {
  test(`nothing sticks out at ${width} × ${height}`, async () => {
    for (const what of ["notes", "many&wide", "view=sources&sources=64", "tab=devices&inputs=3&ordinary"]) {
      const { frame, root, errors } = await stage(width, height, what);
      equal([root.querySelector("body")?.dataset.connection, sticksOut(root), errors], ["connected", [], []], what);
      if (width >= 1100 && height >= 720) equal(root.scrollHeight, height, `height with ${what}`);
      frame.remove();
    }
  });
}
