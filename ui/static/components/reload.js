// Where the newest save is on its way to the speaker: the state word for word, the stations of the
// way, and what the last reload's time was spent on.

/** @import { Model } from "../lib/model.js" */
/** @import { Reloaded, ReloadState } from "../lib/types.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { count, ms } from "../lib/format.js";

/** @type {ReloadState[]} */
const STATIONS = ["Idle", "Building", "Staged", "Loaded", "Activated", "Swapping", "Running"];
const SPLITS = /** @type {const} */ (["detect", "build", "stage", "load", "swap"]);

export class Reload {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.state = el("output", { id: "reload-state", class: "reload-state" }, "Idle");
    this.stations = STATIONS.map((name) => el("li", { "data-station": name }, name));
    this.from = el("span", {}, "Save to sound");
    this.total = el("b", { id: "save-to-sound", class: "number" }, "–");
    this.segments = SPLITS.map((name) => el("i", { "data-split": name }));
    this.times = SPLITS.map((name) => el("dd", { class: "number", "data-split-time": name }, "–"));
    this.carried = el("p", { id: "reload-note", class: "reload-note" });
    root.append(
      el("div", { class: "way" }, this.state, el("ol", { class: "rail", "aria-hidden": "true" }, ...this.stations)),
      el("div", { class: "last-reload" },
        el("p", { class: "save-to-sound" }, this.from, this.total),
        el("div", { class: "splits" },
          el("div", { class: "split-bar", "aria-hidden": "true" }, ...this.segments),
          el("dl", {}, ...SPLITS.map((name, i) => el("div", { "data-split": name }, el("dt", {}, name), this.times[i]))),
        ),
        this.carried,
      ),
    );
    /** @type {Reloaded|null|undefined} */
    this.shown = undefined;
  }

  /** @param {Model} model */
  draw(model) {
    setText(this.state, model.reload);
    setAttribute(this.state, "data-state", model.reload);
    const reached = STATIONS.indexOf(stationOf(model.reload));
    this.stations.forEach((station, i) => {
      const here = i === reached ? (model.reload === "BuildFailed" ? "failed" : "here") : "";
      setAttribute(station, "data-mark", here || (i < reached ? "passed" : "ahead"));
    });
    if (this.shown !== model.lastReload) this.splits(model.lastReload);
  }

  /** @param {Reloaded|null} last */
  splits(last) {
    this.shown = last;
    setText(this.from, last?.first ? "Start to sound" : "Save to sound");
    setText(this.total, ms(last?.save_to_sound_ms));
    SPLITS.forEach((name, i) => {
      const time = last?.[`${name}_ms`] ?? null;
      setText(this.times[i], ms(time));
      this.segments[i].style.flexGrow = String(time ?? 0);
    });
    setText(this.carried, last ? note(last) : "No reload yet: save a source file of the plugin.");
  }
}

/** The station where a state stands that has none of its own. @param {ReloadState} state @returns {ReloadState} */
function stationOf(state) {
  if (state === "BuildFailed") return "Building";
  return state === "Retiring" ? "Running" : state;
}

/** How the sound went over, where it is worth a word. @param {Reloaded} last */
function over({ fade, warm_frames: warm }) {
  const words = fade === "out_in" ? ", faded out and in" : "";
  return warm ? `${words}, warmed up with ${count(warm)} ${warm === 1 ? "frame" : "frames"}` : words;
}

/** @param {Reloaded} last */
function note(last) {
  const { carried, added, removed, clamped } = last.params;
  if (last.first) return `first sound, ${added} ${added === 1 ? "parameter" : "parameters"}`;
  const changes = [[added, "added"], [removed, "removed"], [clamped, "clamped"]].filter(([n]) => n);
  const params = [`${carried} ${carried === 1 ? "parameter" : "parameters"} carried`, ...changes.map(([n, what]) => `${n} ${what}`)].join(", ");
  return `${count(last.lost_frames)} ${last.lost_frames === 1 ? "frame" : "frames"} lost, ${params}${over(last)}`;
}
