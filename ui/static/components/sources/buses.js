// The buses of the mixer: what all that goes to one of them has in common. Emits `source` with
// { method: "set_bus", … } as a strip does.

/** @import { Bus, BusName } from "../../lib/types.js" */
import { button, el, emit, setAttribute, setText } from "../../lib/dom.js";
import { BUSES, BUS_NAMES } from "../../lib/sources.js";
import { GAIN, Setting, faderOf, levelOf } from "./setting.js";

export class Buses {
  constructor() {
    this.slots = BUSES.map((bus, i) => slot(bus, BUS_NAMES[i]));
    this.root = el("div", { class: "buses", role: "group", "aria-label": "Buses" }, ...this.slots.map(({ root }) => root));
  }

  /** @param {Bus[]} buses */
  show(buses) {
    this.root.hidden = buses.length === 0;
    for (const bus of buses) this.slots.find(({ name }) => name === bus.bus)?.show(bus);
  }
}

/** @param {BusName} name @param {string} title */
function slot(name, title) {
  const error = el("p", { class: "error", role: "alert" });
  /** @param {object} params */
  const set = (params) => emit(error, "source", {
    method: "set_bus", params: { bus: name, ...params }, key: `set_bus ${Object.keys(params)} ${name}`,
    tell: (/** @type {string} */ message) => setText(error, message),
  });
  /** @type {Bus} */
  let now = { bus: name, gain_db: 0, mute: false, solo: false };
  const gain = new Setting({ ...GAIN, info: { ...GAIN.info, name: title } }, (value) => set({ gain_db: levelOf(value) }));
  const mute = button({ class: "small source-toggle source-mute", "aria-pressed": "false" }, "Mute", () => set({ mute: !now.mute }));
  const solo = button({ class: "small source-toggle source-solo", "aria-pressed": "false" }, "Solo", () => set({ solo: !now.solo }));
  return {
    name,
    root: el("div", { class: "bus", role: "group", "aria-label": `${title} bus`, "data-bus": name }, gain.root, mute, solo, error),
    /** @param {Bus} bus */
    show(bus) {
      now = bus;
      gain.hear(faderOf(bus.gain_db));
      setAttribute(mute, "aria-pressed", String(bus.mute));
      setAttribute(solo, "aria-pressed", String(bus.solo));
    },
  };
}
