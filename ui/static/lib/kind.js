// Which control stands for a parameter. Pure.

/** @import { ParamInfo } from "./types.js" */

/** @typedef {"value"|"toggle"|"list"|"stepper"|"slider"} Kind */

/** @param {Pick<ParamInfo, "min"|"max"|"step"|"choices"|"flags">} info @returns {Kind} */
export function kindOf({ min, max, step, choices, flags }) {
  if (flags?.includes("readonly")) return "value";
  const named = (choices?.length ?? 0) > 0;
  const grain = step || (named ? 1 : 0);
  const nValues = grain ? Math.round((max - min) / grain) + 1 : Infinity;
  if (flags?.includes("bypass") || nValues === 2) return "toggle";
  if (named) return "list";
  return grain && [grain, min].every(Number.isInteger) ? "stepper" : "slider";
}
