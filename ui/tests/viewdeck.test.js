// The deck of views: what is shown is mounted, what is not costs nothing.

import { Viewdeck } from "../static/components/viewdeck.js";
import { el } from "../static/lib/dom.js";
import { equal, test } from "./harness.js";

/** A deck whose views write down what happens to them. @param {string[]} ids */
function deck(ids) {
  /** @type {string[]} */
  const told = [];
  const root = el("section");
  root.addEventListener("subscribe", (event) => {
    const { view, part } = /** @type {CustomEvent} */ (event).detail;
    told.push(`${view} wants ${Object.keys(part)}`);
  });
  const views = new Viewdeck(root);
  for (const id of ids) {
    views.register({
      id, title: id.toUpperCase(),
      mount: (host, api) => {
        host.append(el("p", {}, id));
        api.subscribe({ [id]: true });
        api.onFrame(() => told.push(`${id} draws`));
      },
      unmount: () => void told.push(`${id} gone`),
    });
  }
  const toggle = (/** @type {string} */ id) => /** @type {HTMLElement} */ (root.querySelector(`[data-view=${id}]`));
  const shown = () => [...root.querySelectorAll("[data-shown-view]")].map((view) => view.getAttribute("data-shown-view"));
  return { root, views, told, toggle, shown };
}

test("one view is shown, the first until another is chosen; the others draw and ask for nothing", () => {
  localStorage.removeItem("retake.views");
  const { views, told, toggle, shown } = deck(["a", "b", "c"]);
  equal([shown(), told], [["a"], ["a wants a"]]);
  views.draw(null, 0.1);
  equal(told.splice(0), ["a wants a", "a draws"]);
  toggle("b").click();
  equal([shown(), told.splice(0)], [["b"], ["a gone", "a wants ", "b wants b"]]);
  views.draw(null, 0.1);
  equal([told.splice(0), toggle("a").ariaPressed, toggle("b").ariaPressed], [["b draws"], "false", "true"]);
});

test("tiles stand beside each other, four at most, never none", () => {
  localStorage.removeItem("retake.views");
  const { root, toggle, shown } = deck(["a", "b", "c", "d", "e"]);
  /** @type {HTMLElement} */ (root.querySelector("#view-tiles")).click();
  for (const id of ["c", "b", "d", "e"]) toggle(id).click();
  equal([shown(), root.querySelector(".view-tiles")?.getAttribute("data-tiles")], [["b", "c", "d", "e"], "4"], "in the order of the bar, the oldest gone");
  for (const id of ["b", "c", "d", "e"]) toggle(id).click();
  equal(shown(), ["e"], "the last one stays");
});

test("what was chosen is chosen again on the next visit", () => {
  localStorage.setItem("retake.views", JSON.stringify({ tiled: true, shown: ["b", "c"] }));
  const { root, shown } = deck(["a", "b", "c"]);
  equal([shown(), root.querySelector("#view-tiles")?.getAttribute("aria-pressed")], [["b", "c"], "true"]);
  localStorage.setItem("retake.views", "not JSON");
  equal(deck(["a", "b"]).shown(), ["a"]);
  localStorage.removeItem("retake.views");
});
