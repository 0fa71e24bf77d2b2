// Where it went wrong, call by call, and what was found on trial: used by every report.

/** @import { Finding, StackFrame } from "../lib/types.js" */
import { el } from "../lib/dom.js";
import { placeLink } from "./place.js";

/**
 * The calls, innermost first, folded. The author's own place is marked.
 * @param {StackFrame[]|undefined} stack @param {{ file: string|null, line: number|null }} [own] @returns {Node[]}
 */
export function stackOf(stack, own) {
  if (!stack || stack.length === 0) return [];
  const calls = stack.map(({ function: name, file, line }) => {
    const isOwn = file !== null && file === own?.file && line === own?.line;
    return el("li", isOwn ? { "data-own": "true" } : {}, el("code", {}, name), " ", file ? placeLink(file, line) : "");
  });
  return [el("details", { class: "stack" },
    el("summary", {}, `Stack, ${stack.length} ${stack.length === 1 ? "call" : "calls"}`),
    el("ol", {}, ...calls))];
}

/** @param {string} word of the protocol, such as full_scale */
const spoken = (word) => word.replaceAll("_", " ");

/** What was found, each with what was played to the plugin. @param {Finding[]|undefined} findings @returns {Node[]} */
export function findingsOf(findings) {
  if (!findings || findings.length === 0) return [];
  return [el("ul", { class: "findings" }, ...findings.map(({ signal, kind, message }) =>
    el("li", { "data-finding": kind }, el("b", {}, signal ? `${spoken(kind)}, ${spoken(signal)}` : spoken(kind)), " ", message)))];
}
