// Every loss has a counter, and every counter a line here.

/** @import { Model } from "../lib/model.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { count } from "../lib/format.js";

/**
 * Id, words, what it means, whether it is a loss (the discarded frames of the start are none), value.
 * @type {{ id: string, name: string, title: string, harmless?: boolean, value: (model: Model) => number|undefined }[]}
 */
const LINES = [
  { id: "underruns", name: "Underruns", title: "Times the input ring ran dry",
    value: ({ telemetry, counters }) => telemetry?.underruns ?? counters?.underruns },
  { id: "overruns", name: "Overruns", title: "Times the input ring was full",
    value: ({ telemetry, counters }) => telemetry?.overruns ?? counters?.overruns },
  { id: "late-callbacks", name: "Late callbacks", title: "Times the device must have run dry before we were asked: gaps that were heard",
    value: ({ counters }) => counters?.late_callbacks },
  { id: "missed-blocks", name: "Missed blocks", title: "Blocks that the plugin did not deliver in time: a moment of silence each",
    value: ({ counters }) => counters?.missed_blocks },
  { id: "lost-frames", name: "Lost frames", title: "Captured but never rendered, or rendered as silence",
    value: ({ telemetry, counters }) => telemetry?.lostFrames ?? counters?.lost_frames },
  { id: "discarded-frames", name: "Discarded frames", title: "Left out on purpose at the start and after a gap", harmless: true,
    value: ({ telemetry, counters }) => telemetry?.discardedFrames ?? counters?.discarded_frames },
  { id: "record-lost-frames", name: "Recording lost", title: "Frames that are missing in the recording: the disk was too slow",
    value: ({ counters }) => counters?.record_lost_frames },
  { id: "non-finite", name: "Non-finite samples", title: "Samples of the plugin that were no number",
    value: ({ telemetry, counters }) => telemetry?.nonFinite ?? counters?.non_finite },
  { id: "guarded-blocks", name: "Silenced blocks", title: "Blocks that the output guard silenced because of them",
    value: ({ counters }) => counters?.guarded_blocks },
  { id: "limited-samples", name: "Limited samples", title: "Samples that the output guard held below −1 dBFS",
    value: ({ counters }) => counters?.limited_samples },
  { id: "events-lost", name: "Events lost", title: "Facts from the engine that found no room",
    value: ({ counters }) => counters?.events_lost },
  { id: "records-lost", name: "Meter records missed", title: "Level intervals that this page came too late for",
    value: ({ lostRecords }) => lostRecords },
];

export class Losses {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.lines = LINES.map((line) => {
      const value = el("dd", { class: "number", id: line.id }, "–");
      return { ...line, element: value, row: el("div", { title: line.title }, el("dt", {}, line.name), value) };
    });
    root.append(el("dl", { class: "facts" }, ...this.lines.map(({ row }) => row)));
  }

  /** @param {Model} model */
  draw(model) {
    for (const { element, harmless, value } of this.lines) {
      const now = value(model);
      setText(element, now === undefined ? "–" : count(now));
      setAttribute(element, "data-lossy", now ? String(!harmless) : "none");
    }
  }
}
