// What the person should know before anything else: no line to the server, a fault, a refused reload,
// what the guard did, an output that starts muted – and, quieter, what a reload warns of and advises.
// Emits `mute` { on: false } and `dismiss`.

/** @import { Model } from "../lib/model.js" */
/** @import { Advice, Fault, Finding, GuardNote, Reloaded, ReloadFailed, StackFrame } from "../lib/types.js" */
import { button, el, emit } from "../lib/dom.js";
import { ms, signal } from "../lib/format.js";
import { findingWords, findingsOf, stackOf } from "./findings.js";
import { placeLink } from "./place.js";

/**
 * @typedef {object} Notice
 * @property {string} id
 * @property {string} key  what makes it another one than the last that was dismissed
 * @property {"bad"|"warn"|"info"} level
 * @property {string} title
 * @property {string} text
 * @property {{ file: string|null, line: number|null }} [place]
 * @property {StackFrame[]} [stack]
 * @property {Finding[]} [findings]
 * @property {{ label: string, name: string, detail: object }} [act]
 * @property {boolean} [stays]
 */

export class Notices {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** By all that they say: one that goes on stands as it is, with what was unfolded in it. @type {Map<string, HTMLElement>} */
    this.shown = new Map();
    /** @type {Map<string, string>} the last notice of each kind that was dismissed */
    this.dismissed = new Map();
  }

  /** @param {Model} model */
  draw(model) {
    const notices = noticesOf(model).filter(({ id, key }) => this.dismissed.get(id) !== key);
    const before = this.shown;
    this.shown = new Map(notices.map((notice) => {
      const words = JSON.stringify(notice);
      return [words, before.get(words) ?? this.element(notice)];
    }));
    for (const [words, element] of before) if (!this.shown.has(words)) element.remove();
    [...this.shown.values()].forEach((element, i) => {
      if (this.root.children[i] !== element) this.root.insertBefore(element, this.root.children[i] ?? null);
    });
  }

  /** @param {Notice} notice */
  element(notice) {
    const { id, key, level, title, text, act } = notice;
    const element = el("div", { id, class: "notice", "data-level": level, role: level === "info" ? "status" : "alert" });
    element.append(el("p", {}, el("strong", {}, title), " ", el("span", {}, text)));
    if (notice.place?.file) element.append(placeLink(notice.place.file, notice.place.line));
    if (act) element.append(button({}, act.label, () => emit(element, act.name, act.detail)));
    if (!notice.stays) {
      element.append(button({ class: "notice-close", "aria-label": "Dismiss" }, "Dismiss", () => {
        this.dismissed.set(id, key);
        emit(element, "dismiss");
      }));
    }
    const more = [...findingsOf(notice.findings), ...stackOf(notice.stack, notice.place)];
    if (more.length > 0) element.append(el("div", { class: "notice-more" }, ...more));
    return element;
  }
}

/** @param {string} word of the protocol, such as process_error */
function sentence(word) {
  const words = word.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {Model} model @returns {Notice[]} the most urgent first */
function noticesOf(model) {
  const { connection, fault, refused } = model;
  /** @type {Notice[]} */
  const notices = [];
  if (connection === "refused") {
    notices.push({
      id: "refused", key: "", level: "bad", stays: true,
      title: "This page is not authorised.", text: "Open the URL from the terminal.",
    });
  } else if (connection === "reconnecting") {
    notices.push({
      id: "offline", key: "", level: "warn", stays: true,
      title: "The connection is lost.", text: "Trying again; what you see is the last that was known.",
    });
  }
  if (fault) notices.push(faultNotice(fault, model.generation));
  if (refused) notices.push(refusedNotice(refused));
  for (const guard of model.guards.values()) notices.push(guardNotice(guard));
  if (model.mutedAtStart && model.mute && connection === "connected") {
    notices.push({
      id: "muted-at-start", key: "", level: "warn", stays: true,
      title: "Output starts muted –", text: "press Unmute, or m in the terminal – use headphones.",
      act: { label: "Unmute", name: "mute", detail: { on: false } },
    });
  }
  const last = model.lastReload;
  if (last && last.generation === model.generation) notices.push(...trialNotice(last), ...adviceNotice(last.advice ?? []));
  return notices;
}

/** @param {Fault} fault @param {number} plays the generation that sounds now @returns {Notice} */
function faultNotice({ generation, kind, message, file, line, action, stack, signal: number, t }, plays) {
  const named = signal(number);
  const standby = plays === generation ? "the one before plays on" : `generation ${plays} plays on`;
  return {
    id: "fault", key: `${generation} ${t} ${message}`, level: "bad",
    title: `${sentence(kind)}${named && ` (${named})`} in generation ${generation} – ${action === "standby" ? standby : action}.`,
    text: message, place: { file, line }, stack,
  };
}

/** @param {ReloadFailed} refused @returns {Notice} */
function refusedNotice({ generation, reason, message, keeps, file = null, line = null, stack, findings = [], t }) {
  const goesOn = keeps === null ? "Nothing plays yet." : `Generation ${keeps} plays on.`;
  return {
    id: "reload-refused", key: `${generation} ${t}`, level: "bad",
    title: reason === "refused" ? "Reload refused." : `Reload refused (${reason}).`, text: `${message} – ${goesOn}`,
    place: { file, line }, stack, findings: findings.filter((finding) => finding.message !== message),
  };
}

/** What lasts until somebody acts. @param {GuardNote} guard @returns {Notice} */
function guardNotice({ kind, message, t }) {
  if (kind !== "howl") return { id: `guard-${kind}`, key: String(t), level: "warn", title: "Offset in the output.", text: message };
  return {
    id: "guard-howl", key: "", level: "bad", stays: true, title: "Feedback: the output is muted.", text: message,
    act: { label: "Unmute", name: "mute", detail: { on: false } },
  };
}

/** What was found on trial and is let through. @param {Reloaded} last @returns {Notice[]} */
function trialNotice({ generation, t, warnings = [] }) {
  if (warnings.length === 0) return [];
  const title = `Generation ${generation} plays, with ${warnings.length === 1 ? "a warning" : `${warnings.length} warnings`}:`;
  return [{ id: "reload-warnings", key: `${generation} ${t}`, level: "warn", title, text: warnings.map(findingWords).join(" · ") }];
}

/** The same advice is not given twice. @param {Advice[]} advice @returns {Notice[]} */
function adviceNotice(advice) {
  if (advice.length === 0) return [];
  const words = advice.map(({ message, costs_ms: costs }) => (costs === null ? message : `${message} (${ms(costs)})`));
  return [{ id: "advice", key: JSON.stringify(advice.map(({ message }) => message)), level: "info", title: "The build could be faster:", text: words.join(" · ") }];
}
