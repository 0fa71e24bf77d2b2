// The page's elements and its server, ready before the page's own module runs: import this first.

import { FakeServer, param } from "./fake.js";

export const server = new FakeServer({
  params: [
    param({ id: 1, key: "gain", name: "Gain", min: -60, max: 12, default: 0, unit: "dB" }),
    param({ id: 2, key: "mode", name: "Mode", min: 0, max: 2, default: 0, step: 1, choices: ["Low", "Band", "High"], text: "Low" }),
  ],
  presets: [{ name: "Warm", modified: 0 }, { name: "broken", modified: null }],
  probes: { meters: [{ key: "gr", name: "Gain reduction", unit: "dB", min: 0, max: 24, value: 3 }], probes: [] },
});

// Not awaited: modules beside one that waits do not wait for it.
const request = new XMLHttpRequest();
request.open("GET", new URL("../static/index.html", import.meta.url), false);
request.send();
const page = new DOMParser().parseFromString(request.responseText, "text/html");
for (const outside of page.querySelectorAll("script, noscript")) outside.remove();
document.body.append(...page.body.children);
server.install();
// A browser on virtual time draws when it likes.
globalThis.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 10);
// And lays out when it likes: what is seen is looked at here.
globalThis.IntersectionObserver = /** @type {any} */ (class {
  /** @param {(entries: { isIntersecting: boolean }[]) => void} tell */
  constructor(tell) {
    this.tell = tell;
    /** @type {boolean|null} */
    this.was = null;
    /** @type {Element|null} */
    this.element = null;
  }

  /** @param {Element} element */
  observe(element) {
    if (!this.element) setTimeout(() => this.look());
    this.element = element;
  }

  disconnect() {
    this.element = null;
    this.was = null;
  }

  look() {
    if (!this.element) return;
    const { top, bottom, width } = this.element.getBoundingClientRect();
    const isIntersecting = this.element.checkVisibility() && width > 0 && bottom > 0 && top < innerHeight;
    if (isIntersecting !== this.was) this.tell([{ isIntersecting }]);
    this.was = isIntersecting;
    setTimeout(() => this.look(), 50);
  }
});
