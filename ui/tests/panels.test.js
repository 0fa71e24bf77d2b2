// Panels of the engine's rack: what they say of a model.

import { Journal } from "../static/components/journal.js";
import { LoadPanel } from "../static/components/load.js";
import { Overlay } from "../static/components/overlay.js";
import { el } from "../static/lib/dom.js";
import { Model } from "../static/lib/model.js";
import { decode } from "../static/lib/telemetry.js";
import { equal, test } from "./harness.js";
import { section, snapshot } from "./snapshot.js";

/** A snapshot with the load's section. @param {number[]} counts */
const loaded = (counts) => decode(snapshot({ input: [], output: [], frames: 1, sections: [section(7, [0.7], 0, 0, counts.length, ...counts)] }));

test("the spread of the load is drawn, told in words, and asked for while it is seen", () => {
  const root = el("section");
  document.body.append(root);
  /** @type {any[]} */
  const parts = [];
  root.addEventListener("subscribe", (event) => parts.push(/** @type {CustomEvent} */ (event).detail));
  const panel = new LoadPanel(root);
  const words = () => root.querySelector("#load-spread")?.getAttribute("aria-label");
  Object.assign(panel.spread.style, { width: "320px", height: "40px" });
  Object.assign(panel.surface.canvas.style, { display: "block", width: "320px", height: "40px" });
  panel.surface.resize();
  const model = new Model();
  const counts = Array.from({ length: 32 }, (_, i) => (i === 2 ? 370 : i === 3 ? 3 : i === 31 ? 2 : 0));
  const now = loaded(counts);
  if (now) model.snapshot(now);
  panel.take(now?.sections.load ?? { max: 0, maxFrame: 0, counts: new Uint32Array(0) });
  panel.draw(model);
  equal(words(), "Spread of the load: half of 375 blocks below 7.50 %, 2 above half of their time");
  /** Whether anything stands in a bucket. @param {number} bucket */
  const stands = (bucket) => panel.surface.context.getImageData(bucket * 10 + 4, panel.surface.height - 1, 1, 1).data[3] > 0;
  equal([1, 2, 3, 4, 31].map(stands), [false, true, true, false, true]);
  model.connected("reconnecting");
  panel.draw(model);
  equal([words(), stands(2)], ["Spread of the load: not known", false]);
  panel.look(true);
  panel.look(false);
  equal(parts.slice(-2), [{ view: "load", part: { load: true } }, { view: "load", part: {} }]);
  root.remove();
});

test("the journal shows what is grave enough and has the words, of old lines and new", () => {
  const root = el("section");
  const journal = new Journal(root);
  const model = new Model();
  const shown = () => [...journal.list.children].filter((line) => !line.hasAttribute("hidden")).map((line) => line.lastChild?.textContent);
  const said = () => root.querySelector("#journal-none")?.textContent;
  for (const [level, message] of [["error", "it broke"], ["warn", "Filter is unstable"], ["info", "filter made"], ["trace", "x"], ["odd", "y"]]) model.log({ level, message });
  journal.draw(model);
  equal([shown().length, said()], [5, ""]);
  journal.level.value = "warning";
  journal.level.dispatchEvent(new Event("change"));
  equal([shown(), said()], [["it broke", "Filter is unstable"], "3 of 5 not shown"]);
  journal.words.value = " FILTER ";
  journal.words.dispatchEvent(new Event("input"));
  equal(shown(), ["Filter is unstable"]);
  model.log({ level: "error", message: "the filter exploded" });
  model.log({ level: "info", message: "the filter is well" });
  journal.draw(model);
  equal(shown(), ["Filter is unstable", "the filter exploded"]);
});

test("a failure that is told again stays as it was unfolded", () => {
  const root = el("section", { hidden: "" });
  const overlay = new Overlay(root);
  const diagnostic = { level: "error", message: "no such thing", file: "src/lib.rs", line: 3, column: 1, code: null, rendered: null };
  const draw = (/** @type {number} */ t) => overlay.draw(/** @type {any} */ ({ build: { generation: 4, exit: 101, t, diagnostics: [{ ...diagnostic }] }, generation: 3, reload: "BuildFailed" }));
  draw(2);
  const details = /** @type {HTMLDetailsElement} */ (root.querySelector("details"));
  details.open = false;
  draw(2);
  equal([root.querySelector("details") === details, details.open], [true, false]);
  draw(3);
  equal(root.querySelector("details") === details, false, "another failure");
});
