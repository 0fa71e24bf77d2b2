// A button for what cannot be taken back: it asks in its own place first.

import { button, el } from "../lib/dom.js";

export class Confirm {
  /** @param {{ attributes?: Record<string, string>, label: string, question: string, yes: string, act: () => void }} what */
  constructor({ attributes = {}, label, question, yes, act }) {
    this.button = button({ class: "small", ...attributes }, label, () => this.ask());
    this.yes = button({ class: "small confirm-yes" }, yes, () => {
      this.close();
      act();
    });
    // It lies where the first button lay: a double-click does no harm.
    this.no = button({ class: "small" }, "Keep", () => this.close());
    this.question = el("span", { class: "confirm-question" }, question);
    this.root = el("div", { class: "confirm" }, this.button);
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.button.isConnected) return;
      event.stopPropagation();
      this.close();
    });
    this.root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !this.root.contains(relatedTarget)) this.root.replaceChildren(this.button);
    });
  }

  ask() {
    this.root.replaceChildren(this.question, this.yes, this.no);
    this.no.focus();
  }

  close() {
    this.root.replaceChildren(this.button);
    this.button.focus();
  }
}
