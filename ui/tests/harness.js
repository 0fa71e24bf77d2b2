// The few words that the page's tests are written in; they run in the real browser, without a package.

/** @type {{ name: string, body: () => void|Promise<void> }[]} */
const tests = [];

/** @param {string} name @param {() => void|Promise<void>} body */
export function test(name, body) {
  tests.push({ name, body });
}

/** @param {unknown} actual @param {unknown} expected @param {string} [what] */
export function equal(actual, expected, what = "value") {
  const [a, e] = [actual, expected].map((value) => JSON.stringify(value, (_, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v)));
  if (a !== e) throw new Error(`${what}: ${a}, expected ${e}`);
}

/** @param {number} actual @param {number} expected @param {number} within @param {string} [what] */
export function close(actual, expected, within, what = "value") {
  if (!(Math.abs(actual - expected) <= within)) throw new Error(`${what}: ${actual}, expected ${expected} ± ${within}`);
}

/** @param {string} selector @returns {HTMLElement} */
export function at(selector) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`no ${selector}`);
  return found;
}

/** Waits until it is true; the clock of the test's browser is virtual. @param {() => unknown} what */
export async function until(what) {
  for (let i = 0; i < 1500; i++) {
    if (what()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never: ${what}`);
}

/** Runs everything, each test as a first visit; one line per test. @returns {Promise<{ passed: number, failures: string[] }>} */
export async function run() {
  const failures = [];
  for (const { name, body } of tests) {
    try {
      localStorage.clear();
      await body();
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { passed: tests.length - failures.length, failures };
}
