// What the plugin's `process` does that an audio thread must not: one line per place, the most frequent
// first, with the way there folded.

/** @import { Model } from "../lib/model.js" */
/** @import { AuditFinding } from "../lib/types.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { stackOf } from "./findings.js";
import { placeLink } from "./place.js";

/** What each kind is in words. @type {Record<string, string>} */
const KINDS = {
  allocation: "takes memory", free: "gives memory back", lock: "waits for a lock", file: "file", socket: "network", sleep: "sleeps", system: "system call",
};

const NONE = "No findings: process neither allocates, waits nor calls the system, as far as it was seen.";

export class Audit {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.none = el("p", { id: "audit-none", class: "health-none" });
    this.head = el("p", { class: "audit-head" }, "On the audio thread each of these can take longer than a block:");
    this.list = el("ol", { id: "audit-list", class: "audit-list", tabindex: "0", "aria-label": "Calls that an audio thread must not make" });
    root.append(this.none, this.head, this.list);
    this.tab = root.id;
    /** @type {Map<string, { root: HTMLElement, rate: HTMLElement }>} by place: a stack that was unfolded stays so */
    this.lines = new Map();
  }

  /** @param {Model} model */
  draw({ audit, auditLack }) {
    this.none.hidden = audit.length > 0;
    setText(this.none, auditLack === null ? NONE : `There is no audit: ${auditLack}.`);
    this.head.hidden = this.list.hidden = audit.length === 0;
    const tab = document.getElementById(`${this.tab}-tab`);
    if (tab) {
      setText(tab, audit.length > 0 ? `Audit ${audit.length}` : "Audit");
      setAttribute(tab, "data-alarm", String(audit.length > 0));
    }
    const sorted = [...audit].sort((a, b) => b.per_second - a.per_second || b.n - a.n);
    const lines = new Map(sorted.map((finding) => [identity(finding), this.lines.get(identity(finding)) ?? line(finding)]));
    const order = [...lines.keys()].join("\n");
    if (order !== [...this.lines.keys()].join("\n")) this.list.replaceChildren(...[...lines.values()].map(({ root }) => root));
    this.lines = lines;
    for (const finding of sorted) setText(lines.get(identity(finding))?.rate ?? this.none, often(finding));
  }
}

/** @param {AuditFinding} finding */
const identity = ({ kind, call, file, line, stack }) => JSON.stringify([kind, call, file, line, stack]);

/** @param {AuditFinding} finding */
function often({ n, per_second: rate }) {
  const per = rate >= 0.5 ? `${count(rate)} a second` : rate > 0 ? "less than one a second" : "not any more";
  return `${per}, ${count(n)} in all`;
}

/** @param {AuditFinding} finding */
function line({ kind, call, function: name, file, line: at, stack }) {
  const rate = el("span", { class: "audit-rate number" });
  const root = el("li", { "data-audit": kind },
    el("div", { class: "audit-what" }, el("b", {}, el("code", {}, call)), " ", el("span", {}, KINDS[kind] ?? kind.replaceAll("_", " ")), rate),
    el("div", { class: "audit-where" }, name ? el("code", {}, name) : "", " ", file ? placeLink(file, at) : "place not known"),
    ...stackOf(stack, { file, line: at }));
  return { root, rate };
}
