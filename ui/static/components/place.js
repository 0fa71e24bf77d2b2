// A place in the plugin's source that opens in the editor. Emits `open` with { file, line, tell }: tell
// is told why it did not open, or "" when it did.

import { button, el, emit, setText } from "../lib/dom.js";
import { place } from "../lib/format.js";

/**
 * Nothing for a place that is not known; text alone without a line.
 * @param {string|null|undefined} file @param {number|null|undefined} line @returns {HTMLElement}
 */
export function placeLink(file, line) {
  const words = place(file ?? null, line ?? null);
  if (!file || !line) return el("code", { class: "number" }, words);
  const said = el("span", { class: "place-said", role: "status" });
  const link = button({ class: "place-link number", title: "Open in the editor" }, words, () => {
    emit(link, "open", { file, line, tell: (/** @type {string} */ message) => setText(said, message) });
  });
  return el("span", { class: "place-of" }, link, said);
}
