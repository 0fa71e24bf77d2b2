// The plugin's presets: recall, save under a name, delete. Emits `preset` with { method, name }; the
// list is the server's, and so is the word on whether it went well.

/** @import { Model } from "../lib/model.js" */
/** @import { Preset } from "../lib/types.js" */
import { button, el, emit, setAttribute, setText } from "../lib/dom.js";
import { Confirm } from "./confirm.js";

/** @type {Record<string, string>} */
const DONE = { save_preset: "Saved", recall_preset: "Recalled", delete_preset: "Deleted" };

export class Presets {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Preset[]} */
    this.presets = [];
    this.shown = "";
    this.name = el("input", {
      id: "preset-name", type: "text", "aria-label": "Name to save under", placeholder: "Name", autocomplete: "off", spellcheck: "false",
    });
    this.save = el("button", { id: "save-preset", type: "submit", class: "small" }, "Save");
    this.form = el("form", { class: "preset-form" }, this.name, this.save);
    this.list = el("ul", { id: "preset-list", class: "preset-list" });
    this.said = el("p", { id: "presets-said", class: "presets-said", role: "status" });
    root.append(this.form, this.list, this.said);
    this.name.addEventListener("input", () => this.label());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.name.value.trim();
      if (name) this.wish("save_preset", name);
    });
    this.label();
  }

  /** @param {string} method @param {string} name */
  wish(method, name) {
    this.say("", "");
    emit(this.root, "preset", { method, name });
  }

  /** The server did it. @param {string} method @param {string} name */
  done(method, name) {
    this.say(`${DONE[method]} “${name}”.`, "good");
    if (method === "save_preset" && this.name.value.trim() === name) this.name.value = "";
    this.label();
  }

  /** It did not. @param {string} message */
  refuse(message) {
    this.say(message, "bad");
  }

  /** @param {string} words @param {string} level */
  say(words, level) {
    setText(this.said, words);
    setAttribute(this.said, "data-level", level);
  }

  /** A name that is taken is replaced, and the button says so before. */
  label() {
    const name = this.name.value.trim();
    setText(this.save, this.presets.some((preset) => preset.name === name) ? "Replace" : "Save");
    this.save.disabled = name === "";
  }

  /** @param {Model} model */
  draw({ presets }) {
    // A server without presets has no list, not an empty one.
    this.root.hidden = presets === null;
    const shown = JSON.stringify(presets);
    if (shown === this.shown || presets === null) return;
    this.shown = shown;
    this.presets = presets;
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(...presets.map((preset) => this.item(preset)));
    if (hadFocus) this.name.focus();
    this.label();
  }

  /** @param {Preset} preset */
  item({ name, modified }) {
    const when = modified ? new Date(modified).toLocaleString() : "";
    const recall = button({ class: "preset-recall", title: when ? `${name}, saved ${when}` : name }, name, () => this.wish("recall_preset", name));
    const remove = new Confirm({
      attributes: { "aria-label": `Delete ${name}` }, label: "Delete", question: "For good?", yes: "Delete",
      act: () => this.wish("delete_preset", name),
    });
    return el("li", { "data-preset": name }, recall, remove.root);
  }
}
