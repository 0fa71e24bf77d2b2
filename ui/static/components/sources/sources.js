// The sources: a strip each, the live input first, what adds to them, the buses they go to, and the
// take. One of the deck's views; it draws and asks for nothing while it is not shown.

/** @import { Model } from "../../lib/model.js" */
/** @import { SourceLook } from "../../lib/sections.js" */
/** @import { Telemetry } from "../../lib/types.js" */
/** @import { ViewApi } from "../viewdeck.js" */
import { el } from "../../lib/dom.js";
import { Add } from "./add.js";
import { Buses } from "./buses.js";
import { SourceStrip } from "./source.js";
import { Take } from "./take.js";

/** Numbers are written this often, seconds. */
const WORDS_SECONDS = 0.1;
/** Without motion the bars and playheads go in steps of this. */
const CALM_SECONDS = 0.25;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Sources {
  constructor() {
    this.id = "sources";
    this.title = "Sources";
    this.add = new Add();
    this.take = new Take();
    this.buses = new Buses();
    this.list = el("div", { class: "source-list", role: "group", "aria-label": "Sources" });
    this.none = el("p", { class: "sources-none" }, "Nothing sounds. Drop a sound file anywhere on this page, or add a source above.");
    this.root = el("div", { class: "sources" },
      el("div", { class: "sources-head" }, this.add.root, this.take.root), this.list, this.none, this.buses.root);
    /** @type {Map<number, SourceStrip>} */
    this.strips = new Map();
    /** @type {Model|null} */
    this.model = null;
    this.shown = false;
    this.wordsAge = Infinity;
    /** Since something was drawn, seconds. */
    this.age = 0;
    /** What came since then. @type {Map<number, SourceLook>} */
    this.pending = new Map();
  }

  /** @param {HTMLElement} host @param {ViewApi} api */
  mount(host, api) {
    this.shown = true;
    host.append(this.root);
    if (this.model) this.draw(this.model);
    api.subscribe({ sources: true });
    api.onFrame((snapshot, seconds) => this.move(snapshot, seconds));
  }

  unmount() {
    this.shown = false;
    this.root.remove();
  }

  /** @param {Model} model */
  draw(model) {
    this.model = model;
    this.take.show(model.take?.looping ?? null);
    if (!this.shown) return;
    this.buses.show(model.buses);
    const ids = new Set(model.sources.map(({ id }) => id));
    for (const [id, strip] of this.strips) if (!ids.has(id)) this.remove(id, strip);
    model.sources.forEach((source, i) => {
      const strip = this.strips.get(source.id) ?? new SourceStrip(source);
      if (strip.source !== source || strip.bpm !== model.bpm) strip.show(source, model.bpm ?? 120);
      this.strips.set(source.id, strip);
      if (this.list.children[i] !== strip.root) this.list.insertBefore(strip.root, this.list.children[i] ?? null);
    });
    this.none.hidden = ids.size > 0;
  }

  /** The hand that was on it goes on to the next. @param {number} id @param {SourceStrip} strip */
  remove(id, strip) {
    const hadFocus = strip.root.contains(document.activeElement);
    const next = strip.root.nextElementSibling ?? strip.root.previousElementSibling;
    strip.close();
    strip.root.remove();
    this.strips.delete(id);
    if (!hadFocus) return;
    const heir = next?.querySelector(".source-row button.source-remove") ?? this.add.pick;
    if (heir instanceof HTMLElement) heir.focus();
  }

  /** Somebody wants to see a strip: the eye and the hand go there. @param {number} id */
  reveal(id) {
    const strip = this.strips.get(id);
    strip?.root.scrollIntoView({ block: "nearest" });
    strip?.mute.focus({ preventScroll: true });
  }

  /** Another line: what was asked of the last one is not coming. */
  renew() {
    for (const { wave } of this.strips.values()) wave?.renew();
  }

  /** @param {Telemetry|null} snapshot @param {number} seconds since the last frame */
  move(snapshot, seconds) {
    for (const record of snapshot?.sections.sources ?? []) {
      const peak = Math.max(record.peak, this.pending.get(record.id)?.peak ?? 0);
      this.pending.set(record.id, { ...record, peak });
    }
    this.age += seconds;
    this.wordsAge += seconds;
    if (calm.matches && this.age < CALM_SECONDS) return;
    const words = this.wordsAge >= WORDS_SECONDS;
    for (const [id, strip] of this.strips) strip.draw(this.pending.get(id), this.age, words);
    this.pending.clear();
    this.age = 0;
    if (words) this.wordsAge = 0;
  }
}
