// The colours of the theme that is on, taken from the tokens: a canvas cannot name a CSS variable itself.

let version = 0;
/** @type {Map<string, string>} */
const tokens = new Map();

/** A token's value, such as token("--signal"). @param {string} name */
export function token(name) {
  let value = tokens.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    // The style sheet may still be on its way.
    if (value === "") return "gray";
    tokens.set(name, value);
  }
  return value;
}

/** Changes with the theme: what was drawn under another number is stale. */
export const paintVersion = () => version;

matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
  version += 1;
  tokens.clear();
});
