// A value's text that can be typed over. Emits `typed` with { text } when something else was typed,
// and `typing-ended` when a key ended it; a click elsewhere takes what was typed as Enter does.

import { button, el, emit } from "../lib/dom.js";

export class Entry {
  /** @param {string} name of what is typed */
  constructor(name) {
    this.name = name;
    // The parameter's control opens it with Enter: one stop per parameter is enough for the Tab key.
    this.text = button({ class: "parameter-text number", tabindex: "-1", title: "Click to type a value" }, "", () => this.open());
    this.root = el("div", { class: "entry" }, this.text);
    /** @type {HTMLInputElement|null} while it is open */
    this.field = null;
  }

  /** @param {string} [text] to begin with; otherwise what is shown */
  open(text) {
    if (this.field) return;
    const field = el("input", {
      type: "text", class: "entry-field number", "aria-label": this.name, autocomplete: "off", spellcheck: "false",
    });
    field.value = text ?? this.text.textContent ?? "";
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("blur", () => this.close(true));
    this.field = field;
    this.text.hidden = true;
    this.root.append(field);
    field.focus();
    field.select();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    // Nobody else's Enter, nobody else's Escape.
    event.preventDefault();
    event.stopPropagation();
    this.close(event.key === "Enter");
    emit(this.root, "typing-ended");
  }

  /** @param {boolean} taken whether what was typed counts */
  close(taken) {
    const { field } = this;
    if (!field) return;
    this.field = null;
    const text = field.value.trim();
    field.remove();
    this.text.hidden = false;
    if (taken && text !== "" && text !== this.text.textContent) emit(this.root, "typed", { text });
  }
}
