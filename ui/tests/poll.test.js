// When probes are asked for, and what is made of the answer.

import { Probes } from "../static/components/probes.js";
import { el } from "../static/lib/dom.js";
import { Poll } from "../static/lib/poll.js";
import { equal, test } from "./harness.js";

/** When a poll asks within `ms` of frames 10 ms apart, each answered at once. @param {Poll} poll @param {number} ms @param {boolean} any @param {boolean} seen @param {number} [wish] */
function asks(poll, ms, any, seen, wish) {
  const at = [];
  for (let now = 0; now < ms; now += 10) {
    if (!poll.due(now, any, seen, wish)) continue;
    at.push(now);
    poll.answered();
  }
  return at;
}

test("a plugin without probes is looked at twice, then rarely", () => {
  equal(asks(new Poll(), 12_000, false, false), [0, 1000, 6000, 11_000]);
});

test("probes in view are asked for twenty times a second, out of view never", () => {
  equal(asks(new Poll(), 1000, true, true).length, 20);
  equal(asks(new Poll(), 10_000, true, false), []);
});

test("the panel and a view share one question: the one in more of a hurry has its way", () => {
  equal(asks(new Poll(), 1000, true, false, 50).length, 20);
  equal(asks(new Poll(), 1000, true, true, 50).length, 20, "not twice as often");
  equal(asks(new Poll(), 3000, false, false, 1000), [0, 1000, 2000]);
});

test("one question is out at a time, and a server without probes is not asked again", () => {
  const poll = new Poll();
  equal([poll.due(0, true, true), poll.due(100, true, true)], [true, false]);
  poll.answered(true);
  equal(poll.due(10_000, true, true), false);
  poll.renew();
  equal(poll.due(10_000, false, false), true, "the next generation");
});

const METER = { key: "gr", name: "Gain reduction", unit: "dB", min: 0, max: 24, value: 6 };

test("meters are bars with value, unit and range; their own probes are not told twice", () => {
  const probes = new Probes(el("section"));
  equal([probes.root.hidden, probes.any], [true, false]);
  probes.show({ meters: [METER], probes: [
    { name: "gr", kind: "scalar", value: 6, min: 6, max: 6 },
    { name: "env", kind: "scalar", value: 0.5, min: 0.25, max: 0.75 },
    { name: "wave", kind: "signal", value: null, min: null, max: null },
  ] });
  const bar = probes.root.querySelector("[role=meter]");
  equal([bar?.getAttribute("aria-valuenow"), bar?.getAttribute("aria-valuetext")], ["6", "6.000 dB"]);
  equal(probes.root.querySelector(".plugin-range")?.textContent, "024 dB");
  equal([...probes.rows.querySelectorAll("th")].map(({ textContent }) => textContent), ["env"]);
  equal([probes.root.hidden, probes.any], [false, true]);
});

test("lowest and highest hold until the reset; nothing yet is a dash", () => {
  const probes = new Probes(el("section"));
  const env = { name: "env", kind: /** @type {"scalar"} */ ("scalar"), value: 1, min: -2, max: 3 };
  const words = () => [...probes.rows.querySelectorAll("td")].map(({ textContent }) => textContent);
  probes.show({ meters: [], probes: [{ ...env, value: null, min: null, max: null }] }, 0);
  equal(words(), ["–", "–", "–"]);
  probes.show({ meters: [], probes: [env] }, 100);
  probes.show({ meters: [], probes: [{ ...env, min: 0, max: 1 }] }, 200);
  equal(words(), ["1.000", "−2.000", "3.000"]);
  probes.reset.click();
  probes.show({ meters: [], probes: [{ ...env, min: 0, max: 1 }] }, 300);
  equal(words(), ["1.000", "0.000", "1.000"]);
  probes.show({ meters: [], probes: [] });
  equal(probes.root.hidden, true);
});

test("a meter before its first value, or beyond its range, stays within its bar", () => {
  const probes = new Probes(el("section"));
  let at = 0;
  for (const [value, now, words] of /** @type {[number|null, string, string][]} */ ([[null, "0", "–"], [99, "24", "99.00 dB"], [-1, "0", "−1.000 dB"]])) {
    probes.show({ meters: [{ ...METER, value }], probes: [] }, (at += 100));
    const bar = probes.root.querySelector("[role=meter]");
    equal([bar?.getAttribute("aria-valuenow"), bar?.getAttribute("aria-valuetext")], [now, words]);
  }
});

test("a bar moves with every answer, its words ten times a second", () => {
  const probes = new Probes(el("section"));
  const said = [0, 50, 99, 100, 150, 200].map((now, value) => {
    probes.show({ meters: [{ ...METER, value }], probes: [] }, now);
    const bar = /** @type {HTMLElement} */ (probes.root.querySelector("[role=meter]"));
    return [bar.style.getPropertyValue("--shown"), bar.getAttribute("aria-valuenow")];
  });
  equal(said.map(([shown]) => shown), [0, 1, 2, 3, 4, 5].map((value) => String(value / 24)));
  equal(said.map(([, now]) => now), ["0", "0", "0", "3", "3", "5"]);
});
