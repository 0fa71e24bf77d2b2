// The sections behind a snapshot, and what a page subscribes to.

import { csv } from "../static/lib/csv.js";
import { noteOf, peakOf } from "../static/lib/spectrum.js";
import { Subscriptions, union } from "../static/lib/subscriptions.js";
import { decode } from "../static/lib/telemetry.js";
import { close, equal, test } from "./harness.js";
import { section, snapshot } from "./snapshot.js";
import { list, probes, scope, spectrum, stereo } from "./sound.js";

const CHANNEL = { peak: 0.5, meanSquare: 0.125, clips: 0 };
/** @param {ArrayBuffer[]} sections */
const message = (...sections) => snapshot({ input: [CHANNEL], output: [CHANNEL, CHANNEL], frames: 1, sections });
const ALL = [
  section(1, [0.5, 1, 2]),
  section(2, [-23, -22, -21, 5, -1], [-18, -17, -16, 4, 0.5], [12.5]),
  stereo([1, 0, [0.5, 0.25]], [-1, 0.5, [0.5, -0.5, 1, -1]]),
  spectrum((bin) => -bin, () => -Infinity, 3),
  scope({ flags: 3, frame: 2 ** 40, trigger: 1, input: [0, 1], output: [0.5, -0.5] }),
  probes([[1, [0.25, 0.5]], [0, []]]),
  section(7, [0.75], 0, 0, 2, 40, 41),
  // 2.5 as the two halves of a double.
  section(8, 3, 0, 0x40040000, [0.25], 4, 0, 0, [1]),
];

test("every section is read from its place", () => {
  const found = decode(message(...ALL))?.sections;
  const plain = JSON.parse(JSON.stringify(found, (_, value) => (ArrayBuffer.isView(value) ? Array.from(/** @type {any} */ (value)) : value)));
  equal(plain, {
    levels: [0.5, 1, 2],
    loudness: {
      input: { momentary: -23, shortTerm: -22, integrated: -21, range: 5, truePeak: -1 },
      output: { momentary: -18, shortTerm: -17, integrated: -16, range: 4, truePeak: 0.5 },
      seconds: 12.5,
    },
    stereo: { input: { correlation: 1, balance: 0, points: [0.5, 0.25] }, output: { correlation: -1, balance: 0.5, points: [0.5, -0.5, 1, -1] } },
    spectrum: { size: 4096, rate: 48000, input: [0, -100, -200], output: [-32768, -32768, -32768] },
    scope: { triggered: true, done: true, frame: 2 ** 40, trigger: 1, input: [0, 1], output: [0.5, -0.5] },
    probes: [{ index: 1, samples: [0.25, 0.5] }, { index: 0, samples: [] }],
    load: { max: 0.75, maxFrame: 0, counts: [40, 41] },
    sources: [{ id: 3, position: 2.5, peak: 0.25 }, { id: 4, position: 0, peak: 1 }],
  });
});

test("sections of unknown kinds are skipped", () => {
  const found = decode(message(section(900, 1, 2, 3), ALL[0], section(0)))?.sections;
  equal([Object.keys(found ?? {}), found?.levels?.length], [["levels"], 3]);
});

test("a message that is cut within its sections is not read, wherever it is cut", () => {
  for (const part of ALL) {
    const whole = message(part);
    for (let cut = 1; cut < part.byteLength; cut++) equal(decode(whole.slice(0, -cut)), null, `${cut} bytes less`);
  }
});

test("a section with more in its counts than in its bytes is not read", () => {
  equal(decode(message(section(6, 1, 0, 1000))), null);
  equal(decode(message(section(3, [0, 0], 2 ** 31))), null);
  equal(decode(message(section(6, 1, 0, 4), section(1, [0, 0, 0, 0]))), null, "nor does it read on in the next");
});

test("what visible views need is one subscription, with the larger sizes", () => {
  equal(union([{ stereo: { points: 0 }, levels: true }, { spectrum: {} }, { spectrum: { size: 8192, smoothing: "sixth" } }, { stereo: { points: 256 } }, { spectrum: {} }]),
    { levels: true, stereo: { points: 256 }, spectrum: { size: 8192, smoothing: "sixth" } });
  equal(union([{ probes: list(6, String) }, { probes: list(12, String) }]), { probes: list(8, String) });
  equal(union([{}, { scope: { level: 0.5 } }]), { scope: { frames: 1024, channel: 0, trigger: "auto", level: 0.5, slope: "rising", pre: 0.25 } });
});

test("a subscription is sent once per turn, when it differs; a hidden page has none", async () => {
  /** @type {string[]} */
  const sent = [];
  const subscriptions = new Subscriptions((views) => void sent.push(JSON.stringify(views)));
  const turn = async () => {
    await Promise.resolve();
    return sent.splice(0);
  };
  subscriptions.set("a", { load: true });
  subscriptions.set("b", { levels: true });
  equal(await turn(), ['{"levels":true,"load":true}']);
  subscriptions.set("b", { levels: true });
  equal(await turn(), []);
  subscriptions.hide(true);
  equal(await turn(), ["{}"]);
  subscriptions.set("c", { loudness: true });
  equal(await turn(), []);
  subscriptions.hide(false);
  equal(await turn(), ['{"levels":true,"loudness":true,"load":true}']);
  subscriptions.renew();
  equal(await turn(), ['{"levels":true,"loudness":true,"load":true}'], "another line");
});

test("notes, peaks and tables", () => {
  equal([noteOf(440), noteOf(997), noteOf(27.5)], ["A4 +0 ct", "B5 +16 ct", "A0 +0 ct"]);
  close(peakOf([-9, -1, 0, -4])?.bin ?? NaN, 1.7, 1e-9);
  equal(peakOf([-Infinity, -Infinity]), null);
  equal(csv({ columns: ["a", "b"], rows: [["x,\"y\"", 0.1], ["=1+1", -Infinity], ["", NaN]] }), 'a,b\r\n"x,""y""",0.1\r\n\'=1+1,-inf\r\n,\r\n');
});
