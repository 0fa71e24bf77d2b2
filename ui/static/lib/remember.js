// What a person set, kept for the next visit. What is read there is checked: it may be of another
// version of the page, or anybody's.

const PREFIX = "retake.";

/** @typedef {Record<string, (value: unknown) => boolean>} Rules  By name: whether a value is one that the page could have kept. */

/**
 * The settings under a name, as far as they are right; those without a rule are left out.
 * @param {string} name @param {Rules} rules @returns {Record<string, any>}
 */
export function recall(name, rules) {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + name) ?? "{}");
    return Object.fromEntries(Object.entries(rules).flatMap(([key, right]) => (right(kept?.[key]) ? [[key, kept[key]]] : [])));
  } catch {
    return {};
  }
}

/** @param {string} name @param {Record<string, unknown>} settings */
export function keep(name, settings) {
  const text = JSON.stringify(settings);
  try {
    if (localStorage.getItem(PREFIX + name) !== text) localStorage.setItem(PREFIX + name, text);
  } catch {
    // A browser that keeps nothing starts afresh.
  }
}

/** One of these. @param {readonly unknown[]} values @returns {(value: unknown) => boolean} */
export const among = (values) => (value) => values.includes(value);

/** A finite number between the two. @param {number} low @param {number} high @returns {(value: unknown) => boolean} */
export const between = (low, high) => (value) => typeof value === "number" && value >= low && value <= high;

/** @param {unknown} value */
export const isSwitch = (value) => typeof value === "boolean";
