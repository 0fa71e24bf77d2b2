// What the person should know before anything else: no line to the server, a fault, a refused reload,
// an output that starts muted. Emits `mute` { on: false } and `dismiss`.

/** @import { Model } from "../lib/model.js" */
import { button, el, emit } from "../lib/dom.js";
import { placeLink } from "./place.js";

/** @typedef {{ id: string, key: string, level: "bad"|"warn", title: string, text: string, place?: { file: string|null, line: number|null }, act?: { label: string, name: string, detail: object }, stays?: boolean }} Notice */

export class Notices {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.shown = "";
    /** @type {Map<string, string>} the last notice of each kind that was dismissed */
    this.dismissed = new Map();
  }

  /** @param {Model} model */
  draw(model) {
    const notices = noticesOf(model).filter(({ id, key }) => this.dismissed.get(id) !== key);
    const shown = JSON.stringify(notices);
    if (shown === this.shown) return;
    this.shown = shown;
    this.root.replaceChildren(...notices.map((notice) => this.element(notice)));
  }

  /** @param {Notice} notice */
  element(notice) {
    const { id, key, level, title, text, act } = notice;
    const element = el("div", { id, class: "notice", "data-level": level, role: "alert" });
    element.append(el("p", {}, el("strong", {}, title), " ", el("span", {}, text)));
    if (notice.place?.file) element.append(placeLink(notice.place.file, notice.place.line));
    if (act) element.append(button({}, act.label, () => emit(element, act.name, act.detail)));
    if (!notice.stays) {
      element.append(button({ class: "notice-close", "aria-label": "Dismiss" }, "Dismiss", () => {
        this.dismissed.set(id, key);
        emit(element, "dismiss");
      }));
    }
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
  if (fault) {
    notices.push({
      id: "fault", key: `${fault.generation} ${fault.t} ${fault.message}`, level: "bad",
      title: `${sentence(fault.kind)} in generation ${fault.generation} – ${fault.action}.`, text: fault.message,
      place: { file: fault.file, line: fault.line },
    });
  }
  if (refused) {
    const keeps = refused.keeps === null ? "Nothing plays yet." : `Generation ${refused.keeps} plays on.`;
    notices.push({
      id: "reload-refused", key: `${refused.generation} ${refused.t}`, level: "bad",
      title: `Reload refused (${refused.reason}).`, text: `${refused.message} – ${keeps}`,
      place: { file: refused.file ?? null, line: refused.line ?? null },
    });
  }
  if (model.mutedAtStart && model.mute && connection === "connected") {
    notices.push({
      id: "muted-at-start", key: "", level: "warn", stays: true,
      title: "Output starts muted –", text: "press Unmute, or m in the terminal – use headphones.",
      act: { label: "Unmute", name: "mute", detail: { on: false } },
    });
  }
  return notices;
}
