// What happened, newest last: the events in short, and what the plugin and the server log.

/** @import { Model } from "../lib/model.js" */
/** @import { LogNote } from "../lib/types.js" */
import { el } from "../lib/dom.js";

export class Journal {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = el("ol", { id: "journal-lines", class: "journal-lines", tabindex: "0" });
    root.append(el("div", { class: "journal-log", role: "log", "aria-label": "Journal" }, this.list));
    this.count = 0;
  }

  /** @param {Model} model */
  draw({ journal, journalCount }) {
    const fresh = Math.min(journalCount - this.count, journal.length);
    if (fresh === 0) return;
    this.count = journalCount;
    const { list } = this;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 8;
    list.append(...journal.slice(-fresh).map(line));
    while (list.childElementCount > journal.length) list.firstElementChild?.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}

/** @param {LogNote} note */
function line({ level, message, t }) {
  return el("li", { "data-level": level },
    el("span", { class: "number" }, t === undefined ? "" : `${t.toFixed(2)} s`),
    el("span", {}, message));
}
