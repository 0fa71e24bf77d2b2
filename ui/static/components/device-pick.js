// A button that becomes a list of the microphones there are, to choose one. Emits `request` with
// { method, params, tell } for the list. What is done with the chosen one is its owner's; what the
// server has against it is told beside the list, which stays open until it came true.

/** @import { Device, DeviceList } from "../lib/types.js" */
import { button, el, emit, setText } from "../lib/dom.js";

/** @typedef {(refusal: string) => void} Tell  Empty = it came true. */

export class DevicePick {
  /** @param {{ attributes?: Record<string, string>, label: string, list: string, verb: string, act: (device: Device, tell: Tell) => void }} what */
  constructor({ attributes = {}, label, list, verb, act }) {
    this.act = act;
    /** @type {Device[]} */
    this.devices = [];
    /** Of several openings the last one counts. */
    this.opening = 0;
    this.button = button({ class: "small", "aria-expanded": "false", ...attributes }, label, () => this.open());
    this.list = el("select", { class: "small device-list", "aria-label": list });
    this.choose = el("button", { type: "submit", class: "small" }, verb);
    this.said = el("p", { class: "device-said", role: "status" });
    this.error = el("p", { class: "error device-error", role: "alert" });
    this.form = el("form", { class: "device-form", hidden: "" },
      this.list, this.choose, button({ class: "small" }, "Cancel", () => this.close()));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take();
    });
    this.root = el("div", { class: "device-pick" }, this.button, this.form, this.said, this.error);
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.form.hidden) return;
      event.stopPropagation();
      this.close();
    });
  }

  /** Asks which there are; they are not known before somebody wants one. */
  open() {
    const opening = ++this.opening;
    this.tell("");
    setText(this.said, "Looking for microphones…");
    emit(this.root, "request", {
      method: "devices", params: {},
      tell: (/** @type {string} */ refusal, /** @type {DeviceList|undefined} */ found) => {
        if (opening === this.opening) this.show(refusal, found?.input ?? []);
      },
    });
  }

  /** @param {string} refusal @param {Device[]} devices */
  show(refusal, devices) {
    setText(this.said, "");
    if (refusal) return this.tell(refusal);
    if (devices.length === 0) return this.tell("There is no microphone to choose.");
    const hasFocus = this.root.contains(document.activeElement);
    this.devices = devices;
    const several = new Set(devices.map(({ host }) => host)).size > 1;
    this.list.replaceChildren(...devices.map((device) => el("option", {}, wordsOf(device, several))));
    this.expand(true);
    if (hasFocus) this.list.focus();
  }

  take() {
    const device = this.devices[this.list.selectedIndex];
    const opening = this.opening;
    // One at a time: a device takes its time to open.
    if (!device || this.choose.getAttribute("aria-disabled") === "true") return;
    this.choose.setAttribute("aria-disabled", "true");
    setText(this.error, "");
    setText(this.said, `Opening ${device.name}…`);
    this.act(device, (refusal) => {
      if (opening !== this.opening) return;
      this.choose.removeAttribute("aria-disabled");
      setText(this.said, "");
      if (refusal) this.tell(refusal);
      else this.close();
    });
  }

  close() {
    const hadFocus = this.form.contains(document.activeElement);
    this.opening += 1;
    this.choose.removeAttribute("aria-disabled");
    this.expand(false);
    setText(this.said, "");
    this.tell("");
    if (hadFocus) this.button.focus();
  }

  /** @param {boolean} on */
  expand(on) {
    this.form.hidden = !on;
    this.button.hidden = on;
    this.button.setAttribute("aria-expanded", String(on));
  }

  /** @param {string} refusal */
  tell(refusal) {
    setText(this.error, refusal);
  }
}

/** @param {Device} device @param {boolean} several whether there is more than one audio system */
function wordsOf({ name, host, default: isDefault }, several) {
  return [name, several ? `(${host})` : "", isDefault ? "– default" : ""].filter(Boolean).join(" ");
}
