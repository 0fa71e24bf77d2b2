// Whether all is well, and where it was not: the highest load and when, the latency stage by stage, the
// losses with their time, and what the plugin did wrong.

/** @import { Model } from "../lib/model.js" */
/** @import { Fault, LiveInput, PluginFaults, Xrun } from "../lib/types.js" */
import { el, setText } from "../lib/dom.js";
import { clock, count, frames, loss, ms, named, percent } from "../lib/format.js";
import { stackOf } from "./findings.js";
import { placeLink } from "./place.js";
import { RoundTripLine } from "./round-trip.js";

/** @type {[keyof PluginFaults, string][]} */
const DUTIES = [
  ["unsorted", "events out of order"], ["out_of_block", "events outside their block"], ["malformed", "events of a wrong size"],
  ["replies_lost", "events it sent that found no room"], ["events_lost", "events for it that found no room"],
  ["wrong_thread", "calls from a wrong thread"], ["probes_lost", "probes beyond the room for them"],
];

export class Health {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.peak = el("dd", { id: "load-peak", class: "number" }, "–");
    this.isolation = list("Isolation", "isolation", "facts", "");
    this.stages = list("Latency, stage by stage", "latency-stages", "facts", "");
    this.roundTrip = new RoundTripLine();
    this.losses = list("Losses, newest first", "xruns", "health-list", "Nothing was lost.");
    this.faults = list("Faults, newest first", "faults", "health-list", "The plugin has done nothing wrong.");
    root.append(
      el("dl", { class: "facts" }, el("div", {}, el("dt", { title: "Since this page was opened" }, "Highest load"), this.peak)),
      this.isolation.root, this.stages.root, this.roundTrip.root, this.losses.root, this.faults.root);
  }

  /** @param {Model} model */
  draw(model) {
    const { highest, xruns, faults, pluginFaults, audio, inputs } = model;
    const rate = audio?.engine_rate ?? 0;
    setText(this.peak, highest ? `${percent(highest.load)} at ${clock(highest.frame, rate)}` : "–");
    this.isolation.show(isolationOf(model));
    this.stages.show(stagesOf(model));
    this.roundTrip.draw(model);
    this.losses.show([...xruns].reverse().map((xrun) => {
      const whose = inputOf(xrun, inputs);
      return { key: JSON.stringify([xrun, whose]), nodes: () => lost(xrun, whose) };
    }));
    this.faults.show([
      ...[...faults].reverse().map((fault) => ({ key: `${fault.generation} ${fault.t} ${fault.message}`, nodes: () => faulty(fault) })),
      ...DUTIES.flatMap(([name, words]) => (pluginFaults?.[name] ? [text(`${count(pluginFaults[name])} ${words}`)] : [])),
    ]);
  }
}

/** @typedef {{ key: string, nodes: () => (Node|string)[] }} Line */

/** A headed list that is written only when it changes. @param {string} title @param {string} id @param {string} look @param {string} none what an empty one says */
function list(title, id, look, none) {
  const tag = look === "facts" ? "dl" : "ol";
  // A list that scrolls has to be reached by the keyboard.
  const items = el(tag, tag === "dl" ? { id, class: look } : { id, class: look, tabindex: "0", "aria-label": title });
  const empty = el("p", { class: "health-none" }, none);
  let shown = "";
  return {
    root: el("div", { class: "health-part" }, el("h3", {}, title), items, empty),
    /** @param {Line[]} lines */
    show(lines) {
      empty.hidden = lines.length > 0 || none === "";
      const keys = JSON.stringify(lines.map(({ key }) => key));
      if (keys === shown) return;
      shown = keys;
      items.replaceChildren(...lines.map(({ nodes }) => el(tag === "dl" ? "div" : "li", {}, ...nodes())));
    },
  };
}

/** @param {string} words @returns {Line} */
const text = (words) => ({ key: words, nodes: () => [words] });

/** @param {Model} model @returns {Line[]} */
function stagesOf({ audio, telemetry }) {
  if (!audio || !telemetry) return [];
  const { engine_rate: rate, input, output, latency_frames: before } = audio;
  const plugin = Math.max(0, telemetry.latencyFrames - before);
  const [capture, playback] = [input, output].map((end) => (end ? Math.ceil((end.period * rate) / end.rate) : 0));
  const rest = before - capture - playback;
  const ring = input && input.rate !== rate ? "Ring, resampler" : "Ring";
  /** The parts add up to what is reported, as those of `retake latency` do. @type {[string, number][]} */
  const whole = [["Capture period", capture], [ring, rest], ["Plugin", plugin], ["Playback period", playback], ["Input to output", telemetry.latencyFrames]];
  /** Who renders within the capture's own callback waits for neither end. @type {[string, number][]} */
  const within = [[ring, before], ["Plugin", plugin], ["Input to output", telemetry.latencyFrames]];
  /** @type {[string, number][]} */
  const alone = [["Plugin", plugin], ["Playback period", playback]];
  return (input === null ? alone : rest < 0 ? within : whole).map(([name, length]) => {
    const words = frames(length, rate);
    return { key: name + words, nodes: () => [el("dt", {}, name), el("dd", { class: "number" }, words)] };
  });
}

/** @param {Model} model @returns {Line[]} */
function isolationOf({ isolation }) {
  if (!isolation) return [];
  const { mode, pid, pinned, priority, lacks } = isolation;
  /** @type {[string, string][]} */
  const facts = mode === "process" ? [
    ["Process of its own", pid === null ? "yes" : String(pid)],
    ["Core", pinned === null ? "any" : `pinned to ${pinned}`],
    ["Priority", priority === null ? "ordinary" : `real-time ${priority}`],
  ] : [["Process", "the server's own: a crash ends both"]];
  if (lacks.length > 0) facts.push(["Lacks", lacks.join("; ")]);
  return facts.map(([name, words]) => ({ key: name + words, nodes: () => [el("dt", {}, name), el("dd", { class: "number" }, words)] }));
}

/** Which microphone lost it, where there are several. @param {Xrun} xrun @param {LiveInput[]} inputs */
function inputOf({ input }, inputs) {
  const device = inputs.length > 1 ? inputs.find((one) => one.input === input)?.device : undefined;
  return device === undefined ? "" : ` · ${named(device)}`;
}

/** @param {Xrun} xrun @param {string} whose */
function lost({ kind, n, frame, t }, whose) {
  return [
    el("span", { class: "number health-time" }, ms(t * 1000)),
    el("span", { title: `frame ${count(frame)}` }, loss(kind, n) + whose)];
}

/** @param {Fault} fault */
function faulty({ generation, kind, message, file, line, action, stack, t }) {
  return [
    el("span", { class: "number health-time" }, t === undefined ? "" : ms(t * 1000)),
    el("span", { class: "health-fault" },
      `${kind.replaceAll("_", " ")} in generation ${generation}, ${action}: ${message} `, file ? placeLink(file, line) : "", ...stackOf(stack, { file, line }))];
}
