// A file dropped anywhere on the page, and files on their way to the server: how far they are, and why
// one was refused. Emits `add-files` with { files }.

import { button, el, emit, setAttribute, setText } from "../../lib/dom.js";

/** Told again by the browser while a file is held over the page; after this it is elsewhere, ms. */
const GONE_MS = 400;

export class Drop {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.zone = el("div", { class: "drop-zone", hidden: "", "aria-hidden": "true" }, el("p", {}, "Drop it: the plugin hears it"));
    this.list = el("ul", { class: "uploads", "aria-label": "Files on their way" });
    root.append(this.list);
    document.body.append(this.zone);
    /** @type {number|undefined} */
    this.timer = undefined;
    document.addEventListener("dragover", (event) => this.over(event));
    document.addEventListener("drop", (event) => this.drop(event));
  }

  /** @param {DragEvent} event */
  over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.zone.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.zone.hidden = true), GONE_MS);
  }

  /** @param {DragEvent} event */
  drop(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    // Otherwise the browser would leave the page for the file.
    event.preventDefault();
    clearTimeout(this.timer);
    this.zone.hidden = true;
    emit(this.root, "add-files", { files: [...event.dataTransfer.files] });
  }

  /** A file is on its way. @param {string} name @param {() => void} stop */
  begin(name, stop) {
    const bar = el("span", { class: "upload-bar", role: "progressbar", "aria-label": `Sending ${name}`, "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0" });
    const words = el("span", { class: "upload-words", role: "status" }, "waiting");
    const act = button({ class: "small", "aria-label": `Stop sending ${name}` }, "Stop", stop);
    const item = el("li", { class: "upload" }, el("b", { title: name }, name), bar, words, act);
    this.list.append(item);
    return {
      /** @param {number} fraction */
      progress(fraction) {
        const percent = Math.floor(100 * fraction);
        bar.style.setProperty("--done", String(fraction));
        setAttribute(bar, "aria-valuenow", String(percent));
        setText(words, percent < 100 ? `${percent} %` : "reading");
      },
      done: () => item.remove(),
      /** @param {string} message */
      refuse(message) {
        item.dataset.level = "bad";
        bar.remove();
        setAttribute(words, "role", "alert");
        setText(words, message);
        act.replaceWith(button({ class: "small", "aria-label": `Dismiss ${name}` }, "Dismiss", () => item.remove()));
      },
    };
  }
}
