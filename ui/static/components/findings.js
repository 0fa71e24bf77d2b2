// Where it went wrong, call by call, and what was found on trial: used by every report.

/** @import { Finding, StackFrame } from "../lib/types.js" */
import { el } from "../lib/dom.js";
import { place } from "../lib/format.js";
import { placeLink } from "./place.js";

/** Sources of the compiler, a registry or a repository: nobody's to edit. What is before them says nothing. */
const FOREIGN = /^.*(?:\/rustc\/[^/]+\/(?:library\/)?|\/rustlib\/src\/rust\/(?:library\/)?|\/registry\/src\/[^/]+\/|\/git\/checkouts\/|\/usr\/)/;

/**
 * The calls, innermost first, folded. The author's own place is marked.
 * @param {StackFrame[]|undefined} stack @param {{ file: string|null, line: number|null }} [own] @returns {Node[]}
 */
export function stackOf(stack, own) {
  if (!stack || stack.length === 0) return [];
  const calls = stack.map(({ function: name, file, line }) => {
    const isOwn = file !== null && file === own?.file && line === own?.line;
    return el("li", isOwn ? { "data-own": "true" } : {}, el("code", {}, name), " ", file ? sourceOf(file, line) : "");
  });
  return [el("details", { class: "stack" },
    el("summary", {}, `Stack, ${stack.length} ${stack.length === 1 ? "call" : "calls"}`),
    el("ol", {}, ...calls))];
}

/** Its place, to be opened when it may be the author's. @param {string} file @param {number|null} line */
function sourceOf(file, line) {
  if (!FOREIGN.test(file)) return placeLink(file, line);
  return el("span", { class: "stack-foreign number", title: place(file, line) }, place(file.replace(FOREIGN, ""), line));
}

/** @param {string} word of the protocol, such as full_scale */
const spoken = (word) => word.replaceAll("_", " ");

/** @param {Finding} finding */
const findingHead = ({ signal, kind }) => (signal ? `${spoken(kind)}, ${spoken(signal)}` : spoken(kind));

/** In one line. @param {Finding} finding */
export const findingWords = (finding) => `${findingHead(finding)}: ${finding.message}`;

/** What was found, each with what was played to the plugin. @param {Finding[]|undefined} findings @returns {Node[]} */
export function findingsOf(findings) {
  if (!findings || findings.length === 0) return [];
  return [el("ul", { class: "findings" }, ...findings.map((finding) =>
    el("li", { "data-finding": finding.kind }, el("b", {}, findingHead(finding)), " ", finding.message)))];
}
