// The take: the last seconds of what the plugin heard, as its only input, from the start after every
// reload. Emits `source` with { method: "take_loop" | "take_stop", … } as a strip does.

/** @import { Looping } from "../../lib/types.js" */
import { button, el, emit, setAttribute, setText } from "../../lib/dom.js";
import { count } from "../../lib/format.js";

const SECONDS = [4, 8, 16, 60];
const FIRST = 1;

export class Take {
  constructor() {
    /** @type {Looping} */
    this.looping = null;
    this.seconds = el("select", { id: "take-seconds", class: "small", "aria-label": "Length of the take" },
      ...SECONDS.map((seconds) => el("option", {}, `${seconds} s`)));
    this.seconds.selectedIndex = FIRST;
    this.seconds.addEventListener("change", () => this.link());
    this.act = button({ id: "take", class: "small", "aria-keyshortcuts": "R", title: "R" }, "", () => this.turn());
    this.save = el("a", { id: "take-save", class: "small", download: "take.wav" }, "Save");
    this.said = el("span", { id: "take-said", class: "take-said", role: "status" });
    this.error = el("p", { id: "take-error", class: "error", role: "alert" });
    this.root = el("div", { class: "take", role: "group", "aria-label": "Take" },
      el("span", { class: "silk", title: "What the plugin heard last" }, "Take"), this.seconds, this.act, this.save, this.said, this.error);
    this.link();
    this.show(null);
    document.addEventListener("keydown", (event) => this.key(event));
  }

  get length() {
    return SECONDS[this.seconds.selectedIndex] ?? SECONDS[FIRST];
  }

  /** The file is made when it is asked for. */
  link() {
    setAttribute(this.save, "href", `/take.wav?seconds=${this.length}`);
  }

  /** Loops the last seconds, or ends that. */
  turn() {
    const [method, params] = this.looping ? ["take_stop", {}] : ["take_loop", { seconds: this.length }];
    emit(this.root.isConnected ? this.root : document.body, "source", { method, params, key: "take", tell: (/** @type {string} */ message) => setText(this.error, message) });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (event.key.toLowerCase() !== "r") return;
    event.preventDefault();
    this.turn();
  }

  /** @param {Looping} looping */
  show(looping) {
    this.looping = looping;
    setText(this.act, looping ? "Stop" : "Loop");
    setAttribute(this.act, "aria-pressed", String(looping !== null));
    setText(this.said, looping ? [`looping ${Number(looping.seconds.toFixed(2))} s, restarts at each reload`, missing(looping)].filter(Boolean).join(" · ") : "");
  }
}

/** @param {NonNullable<Looping>} looping */
const missing = ({ holes, lost_frames: lost }) => (holes > 0 ? `${count(holes)} ${holes === 1 ? "hole" : "holes"}, ${count(lost)} frames lost` : "");

/** Letters belong to whoever takes text, and to lists, which search by them. @param {EventTarget|null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=range]), textarea, select, [contenteditable], dialog") !== null;
}
