// The deck of views in the middle of the page: a bar that chooses, one view or several as tiles. A view
// that is not shown is not mounted: it draws nothing, and nothing is asked of the server for it.
// Emits `subscribe` with { view, part }: what the view needs of the server from now on.

/** @import { Probed, Telemetry } from "../lib/types.js" */
import { button, el, emit, setAttribute } from "../lib/dom.js";
import { isSwitch, keep, recall } from "../lib/remember.js";

/**
 * One way to look at the sound.
 * @typedef {object} View
 * @property {string} id
 * @property {string} title
 * @property {(host: HTMLElement, api: ViewApi) => void} mount  builds it into an empty element that has its final size and may change it later
 * @property {() => void} unmount  lets go of everything that `mount` took
 * @property {(rate: number) => void} [setRate]  the engine's rate, frames per second
 * @property {() => number} [pollMs]  how often it wants to know the plugin's probes; Infinity = not now
 * @property {(probed: Probed) => void} [know]  what they are
 */

/**
 * What a view may ask for, until it is unmounted.
 * @typedef {object} ViewApi
 * @property {(draw: Draw) => void} onFrame  called in the page's one frame loop
 * @property {(part: object) => void} subscribe  what it needs of the server, instead of what it needed before
 */

/** @typedef {(snapshot: Telemetry|null, seconds: number) => void} Draw  What came since the last frame, if anything; seconds since then. */

/** @typedef {{ view: View, toggle: HTMLButtonElement, host: HTMLElement|null, draws: Draw[] }} Slot */

const MOST_TILES = 4;
const STORE = "views";

export class Viewdeck {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Slot[]} in the order of the bar */
    this.slots = [];
    /** @type {string[]} ids of the views that are shown, oldest first */
    this.shown = [];
    const { tiled, shown } = recall(STORE, { tiled: isSwitch, shown: Array.isArray });
    this.tiled = tiled ?? false;
    /** Chosen in an earlier visit; taken when the view is registered. @type {string[]} */
    this.chosen = (shown ?? []).map(String);
    this.bar = el("div", { class: "view-bar", role: "group", "aria-label": "Views" });
    this.tiling = button({ id: "view-tiles", class: "small view-tiling", title: "Show several views beside each other" }, "Tiles", () => this.setTiled(!this.tiled));
    this.tiles = el("div", { class: "view-tiles", "data-tiles": "0" });
    root.append(el("div", { class: "view-head" }, this.bar, this.tiling), this.tiles);
    this.mark();
  }

  /** Adds a view to the bar; the first one is shown until another is chosen. @param {View} view */
  register(view) {
    const toggle = button({ class: "view-toggle", "data-view": view.id }, view.title, () => this.choose(view.id));
    this.slots.push({ view, toggle, host: null, draws: [] });
    this.bar.append(toggle);
    const wished = this.chosen.includes(view.id);
    if (wished && this.shown.length === 1 && !this.chosen.includes(this.shown[0])) this.show([view.id]);
    else if (wished || this.shown.length === 0) this.show([...this.shown, view.id]);
    else this.mark();
  }

  /** A toggle was pressed. @param {string} id */
  choose(id) {
    const others = this.shown.filter((other) => other !== id);
    if (!this.tiled) this.show([id]);
    else if (others.length < this.shown.length) this.show(others.length > 0 ? others : this.shown);
    else this.show([...others, id].slice(-MOST_TILES));
    this.remember();
  }

  /** It is wanted, whatever is shown. @param {string} id */
  open(id) {
    if (!this.shown.includes(id)) this.choose(id);
  }

  /** Something in it is not as it should be. @param {string} id @param {boolean} on */
  warn(id, on) {
    const toggle = this.slots.find(({ view }) => view.id === id)?.toggle;
    if (!toggle || toggle.hasAttribute("data-alarm") === on) return;
    toggle.toggleAttribute("data-alarm", on);
    if (on) toggle.setAttribute("aria-description", "something is wrong there");
    else toggle.removeAttribute("aria-description");
  }

  /** @param {boolean} on */
  setTiled(on) {
    this.tiled = on;
    this.show(on ? this.shown : this.shown.slice(-1));
    this.remember();
  }

  /** @param {string[]} ids */
  show(ids) {
    this.shown = this.tiled ? ids : ids.slice(-1);
    for (const slot of this.slots) if (slot.host && !this.shown.includes(slot.view.id)) this.unmount(slot);
    setAttribute(this.tiles, "data-tiles", String(this.shown.length));
    for (const slot of this.slots) if (!slot.host && this.shown.includes(slot.view.id)) this.mount(slot);
    this.mark();
  }

  /** @param {Slot} slot */
  mount(slot) {
    const { view } = slot;
    slot.host = el("section", { class: "view", "data-shown-view": view.id, "aria-label": view.title });
    const before = this.slots.slice(this.slots.indexOf(slot) + 1).find(({ host }) => host)?.host ?? null;
    this.tiles.insertBefore(slot.host, before);
    view.mount(slot.host, {
      onFrame: (draw) => void slot.draws.push(draw),
      subscribe: (part) => emit(this.root, "subscribe", { view: view.id, part }),
    });
  }

  /** @param {Slot} slot */
  unmount(slot) {
    slot.view.unmount();
    slot.host?.remove();
    slot.host = null;
    slot.draws = [];
    emit(this.root, "subscribe", { view: slot.view.id, part: {} });
  }

  mark() {
    for (const { view, toggle } of this.slots) setAttribute(toggle, "aria-pressed", String(this.shown.includes(view.id)));
    setAttribute(this.tiling, "aria-pressed", String(this.tiled));
    this.tiling.hidden = this.slots.length < 2;
  }

  /** @param {Telemetry|null} snapshot @param {number} seconds */
  draw(snapshot, seconds) {
    for (const { draws } of this.slots) for (const draw of draws) draw(snapshot, seconds);
  }

  /** @param {number} rate frames per second */
  setRate(rate) {
    for (const { view } of this.slots) view.setRate?.(rate);
  }

  /** How often the views that are shown want to know the plugin's probes, ms. */
  pollMs() {
    return Math.min(...this.slots.map(({ view, host }) => (host && view.pollMs?.()) ?? Infinity));
  }

  /** @param {Probed} probed */
  know(probed) {
    for (const { view, host } of this.slots) if (host) view.know?.(probed);
  }

  remember() {
    this.chosen = this.shown;
    keep(STORE, { tiled: this.tiled, shown: this.shown });
  }
}
