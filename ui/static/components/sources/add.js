// Where sources come from: a file of this computer, or what the server makes itself. Emits `add-source`
// with { spec, tell } and `add-files` with { files }.

import { button, el, emit, setText } from "../../lib/dom.js";
import { GENERATORS } from "../../lib/sources.js";

export class Add {
  constructor() {
    this.picker = el("input", { type: "file", id: "source-files", multiple: "", hidden: "", "aria-label": "Sound files" });
    this.picker.addEventListener("change", () => {
      emit(this.root, "add-files", { files: [...(this.picker.files ?? [])] });
      // The same file may be chosen again.
      this.picker.value = "";
    });
    this.pick = button({ id: "pick-source", class: "small", title: "Or drop a file anywhere on the page" }, "File…", () => this.picker.click());
    this.kind = el("select", { id: "source-kind", class: "small", "aria-label": "What to add" },
      ...GENERATORS.map(({ id, name }) => el("option", { value: id }, name)));
    this.kind.addEventListener("change", () => this.choose());
    this.field = el("input", { id: "source-value", type: "text", class: "number", autocomplete: "off", spellcheck: "false" });
    this.unit = el("label", { class: "add-unit", for: "source-value" });
    this.form = el("form", { class: "add-form" }, this.kind, this.field, this.unit,
      el("button", { id: "add-source", type: "submit", class: "small" }, "Add"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      emit(this.root, "add-source", { spec: this.chosen.spec(this.field.value.trim()), tell: (/** @type {string} */ message) => setText(this.error, message) });
    });
    this.error = el("p", { id: "add-error", class: "error", role: "alert" });
    this.root = el("div", { class: "add", role: "group", "aria-label": "Add a source" }, this.pick, this.picker, this.form, this.error);
    this.choose();
  }

  get chosen() {
    return GENERATORS[this.kind.selectedIndex] ?? GENERATORS[0];
  }

  /** Another kind has another thing to be told, or none. */
  choose() {
    const { field } = this.chosen;
    this.field.hidden = this.unit.hidden = !field;
    if (!field) return;
    this.field.value = field.value;
    setText(this.unit, field.name);
    setText(this.error, "");
  }
}
