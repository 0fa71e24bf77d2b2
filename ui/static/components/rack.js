// Several sections in one place, one of them in front: tabs named by the sections' titles.

import { button, el, setAttribute } from "../lib/dom.js";

const STEPS = new Map([["ArrowRight", 1], ["ArrowLeft", -1]]);

export class Rack {
  /** @param {HTMLElement} root whose children are the sections @param {string} name of all of them */
  constructor(root, name) {
    const sections = [...root.querySelectorAll(":scope > section")].filter((section) => section instanceof HTMLElement);
    this.bar = el("div", { class: "rack-bar", role: "tablist", "aria-label": name });
    this.slots = sections.map((section, i) => {
      const title = section.querySelector(".panel-title");
      const tab = button({ id: `${section.id}-tab`, role: "tab", class: "rack-tab", "aria-controls": section.id }, title?.textContent ?? section.id, () => this.choose(i));
      title?.remove();
      setAttribute(section, "role", "tabpanel");
      setAttribute(section, "aria-labelledby", tab.id);
      section.tabIndex = 0;
      return { section, tab };
    });
    this.bar.append(...this.slots.map(({ tab }) => tab));
    this.bar.addEventListener("keydown", (event) => this.key(event));
    root.prepend(this.bar);
    this.index = 0;
    this.choose(0);
  }

  /** @param {number} index */
  choose(index) {
    this.index = index;
    this.slots.forEach(({ section, tab }, i) => {
      section.hidden = i !== index;
      setAttribute(tab, "aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
    });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = STEPS.get(event.key);
    if (step === undefined) return;
    event.preventDefault();
    this.choose((this.index + step + this.slots.length) % this.slots.length);
    this.slots[this.index].tab.focus();
  }
}
