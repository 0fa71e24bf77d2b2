// What happened, newest last: the events in short, and what the plugin and the server log; all of it,
// or what is grave enough and has the words that are looked for.

/** @import { Model } from "../lib/model.js" */
/** @import { LogNote } from "../lib/types.js" */
import { el, setText } from "../lib/dom.js";

/** The gravest first; a choice shows its own and those before it. */
const LEVELS = [["error", "Errors"], ["warning", "Warnings"], ["info", "Info"], ["debug", "All"]];
/** How others call them. @type {Record<string, string>} */
const ALIKE = { warn: "warning", trace: "debug", fatal: "error" };

export class Journal {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = el("ol", { id: "journal-lines", class: "journal-lines", tabindex: "0" });
    this.level = el("select", { id: "journal-level", class: "small", "aria-label": "Least grave level shown" }, ...LEVELS.map(([value, name]) => el("option", { value }, name)));
    this.level.value = "debug";
    this.words = el("input", { id: "journal-words", type: "search", class: "small", "aria-label": "Words to look for", placeholder: "Filter", autocomplete: "off", spellcheck: "false" });
    this.none = el("p", { id: "journal-none", class: "health-none", role: "status" });
    this.level.addEventListener("change", () => this.filter());
    this.words.addEventListener("input", () => this.filter());
    root.append(el("div", { class: "journal-filter" }, this.level, this.words, this.none),
      el("div", { class: "journal-log", role: "log", "aria-label": "Journal" }, this.list));
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
    this.filter();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  filter() {
    const least = gravity(this.level.value);
    const wanted = this.words.value.trim().toLowerCase();
    let hidden = 0;
    for (const item of this.list.children) {
      const fits = gravity(item.getAttribute("data-level")) <= least && (item.lastChild?.textContent ?? "").toLowerCase().includes(wanted);
      item.toggleAttribute("hidden", !fits);
      if (!fits) hidden += 1;
    }
    setText(this.none, hidden > 0 ? `${hidden} of ${this.list.childElementCount} not shown` : "");
  }
}

/** @param {string|null} level @returns {number} 0 = the gravest; one that is not known is shown with the rest of the ordinary */
function gravity(level) {
  const name = level ?? "";
  const at = LEVELS.findIndex(([value]) => value === (ALIKE[name] ?? name));
  return at < 0 ? 2 : at;
}

/** @param {LogNote} note */
function line({ level, message, t }) {
  return el("li", { "data-level": level },
    el("span", { class: "number" }, t === undefined ? "" : `${t.toFixed(2)} s`),
    el("span", {}, message));
}
