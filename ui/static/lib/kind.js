// Which control stands for a parameter. Pure.

/** @import { ParamInfo } from "./types.js" */

/** @typedef {"value"|"toggle"|"list"|"stepper"|"slider"|"knob"} Kind */

/**
 * The parameter alone decides: a reload that brings others leaves its control as it is. What runs is a
 * knob, but a level is a slider, as on a mixing desk.
 * @param {Pick<ParamInfo, "min"|"max"|"step"|"unit"|"choices"|"flags">} info @returns {Kind}
 */
export function kindOf({ min, max, step, unit, choices, flags }) {
  if (flags?.includes("readonly") || ![min, max].every(Number.isFinite)) return "value";
  const named = (choices?.length ?? 0) > 0;
  const grain = step || (named ? 1 : 0);
  const nValues = grain ? Math.round((max - min) / grain) + 1 : Infinity;
  if (flags?.includes("bypass") || nValues === 2) return "toggle";
  if (named) return "list";
  if (grain && [grain, min].every(Number.isInteger)) return "stepper";
  return unit === "dB" ? "slider" : "knob";
}
