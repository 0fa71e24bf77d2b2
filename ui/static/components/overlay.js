// The build's errors, over the lower part of the page while the old code plays on above. Not modal:
// meters, sliders and switches stay in reach. Goes with the next success, by Dismiss or by Escape.

/** @import { Model } from "../lib/model.js" */
/** @import { BuildFailed, Diagnostic } from "../lib/types.js" */
import { button, el, setText } from "../lib/dom.js";
import { place, plain } from "../lib/format.js";
import { placeLink } from "./place.js";

export class Overlay {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.title = el("h2", { id: "overlay-title", role: "alert" });
    this.keeps = el("p", { id: "overlay-keeps", role: "status" });
    this.list = el("ol", { id: "diagnostics", class: "diagnostics" });
    const close = button({ id: "overlay-dismiss", "aria-keyshortcuts": "Escape" }, "Dismiss", () => this.dismiss());
    root.append(el("div", { class: "overlay-head" }, el("div", {}, this.title, this.keeps), close), this.list);
    /** @type {BuildFailed|null} */
    this.shown = null;
    /** @type {string|null} the failure that was dismissed */
    this.dismissed = null;
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !root.hidden) this.dismiss();
    });
  }

  dismiss() {
    this.dismissed = this.shown && identity(this.shown);
    this.root.hidden = true;
  }

  /** @param {Model} model */
  draw({ build, generation, reload }) {
    // A status tells the same failure again: what is read in it, and has the focus, stays.
    if (build && (!this.shown || identity(build) !== identity(this.shown))) this.fill(build);
    this.shown = build;
    this.root.hidden = build === null || identity(build) === this.dismissed;
    if (!build) return;
    const keeps = generation > 0 ? `Generation ${generation} plays on.` : "Nothing plays yet.";
    setText(this.keeps, reload === "Building" ? `${keeps} Building again…` : keeps);
  }

  /** @param {BuildFailed} build */
  fill(build) {
    const { diagnostics } = build;
    const errors = diagnostics.filter(({ level }) => level.startsWith("error")).length;
    const how = errors > 0 ? `${errors} ${errors === 1 ? "error" : "errors"}` : `exit code ${build.exit ?? "none"}`;
    setText(this.title, `Build failed: ${how}`);
    const order = [...diagnostics].sort((a, b) => Number(b.level.startsWith("error")) - Number(a.level.startsWith("error")));
    this.list.replaceChildren(...order.map((diagnostic, i) => entry(diagnostic, i === 0)));
    this.list.scrollTop = 0;
  }
}

/** The same failure, told twice (event and status), is one. @param {BuildFailed} build */
function identity({ generation, t, diagnostics }) {
  return JSON.stringify([generation, t, diagnostics.map(({ file, line, message }) => [file, line, message])]);
}

/** @param {Diagnostic} diagnostic @param {boolean} open */
function entry(diagnostic, open) {
  const { level, code, message, file, line, column, rendered } = diagnostic;
  const details = el("details", {},
    el("summary", {},
      el("span", { class: "level" }, code ? `${level}[${code}]` : level),
      el("span", { class: "message" }, message),
      el("span", { class: "place number" }, place(file, line, column))),
    file && line ? placeLink(file, line) : "",
    el("pre", { tabindex: "0" }, plain(rendered ?? message).trimEnd()));
  details.open = open;
  return el("li", { "data-diagnostic": level.startsWith("error") ? "error" : level }, details);
}
