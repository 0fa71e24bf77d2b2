// Microphones that come, change and go, and the measured round trip: from a hand to the wire, and what
// the server says to where it was asked.

import { server } from "./fake-page.js";
import "../static/app.js";
import { at, equal, test, until } from "./harness.js";
import { DEVICES, inputsOf, installInputs, installSources, source } from "./stage-sources.js";
import { snapshot } from "./snapshot.js";

const END = { device: "Scarlett 2i2", rate: 48_000, channels: 2, format: "f32", period: 128 };
const names = () => [...document.querySelectorAll(".live-input h3")].map(({ textContent }) => textContent);
/** @param {string} selector */
const said = (selector) => document.querySelector(`${selector} [role=alert]`)?.textContent;
/** @param {string} pick @param {number} index */
function choose(pick, index) {
  /** @type {HTMLSelectElement} */ (at(`${pick} select`)).selectedIndex = index;
  at(`${pick} button[type=submit]`).click();
}

/** The page with so many microphones, its devices in front. @param {number} n */
async function begin(n) {
  const before = { state: server.state, methods: server.methods };
  const { inputs, strips, more } = inputsOf(new URLSearchParams({ inputs: String(n) }));
  server.state = {
    ...before.state, inputs, round_trip: null, sources: [source({ id: 0, kind: "mic" }), ...strips],
    audio: { host: "ALSA", mode: "duplex", clock: "real", input: END, more, output: END, engine_rate: 48_000, max_block: 128, latency_frames: 512 },
  };
  server.methods = { ...before.methods, status: () => server.state };
  installSources(server, server.state.sources);
  installInputs(server);
  server.notify("event", { event: "audio_started", ...server.state.audio });
  await until(() => names().length === n);
  at("#devices-tab").click();
  server.asked.length = 0;
  return async () => {
    // What else the page asks for meanwhile is answered as before.
    Object.assign(server, before);
    server.notify("event", { event: "audio_started", ...server.state.audio ?? server.state });
    await until(() => names().length === 0);
    at("#load-tab").click();
  };
}

test("a microphone is added: listed, chosen, and there when the server tells", async () => {
  const end = await begin(1);
  const { add_source } = server.methods;
  at("#add-input").focus();
  at("#add-input").click();
  await until(() => at("#live-inputs > .live-acts select").checkVisibility());
  equal([...document.querySelectorAll("#live-inputs > .live-acts option")].map(({ textContent }) => textContent), [
    "Scarlett 2i2 (ALSA) – default", "USB microphone at the far end of the room (ALSA)", "virtual[:key=value,…] (virtual) – default",
  ]);
  equal(document.activeElement?.getAttribute("aria-label"), "Microphone to add");
  /** @type {(() => void)|null} */
  let open = null;
  // A device that takes its time: nothing is there before it is.
  server.methods.add_source = (asked) => {
    open = () => add_source(asked);
    return {};
  };
  choose("#live-inputs > .live-acts", 1);
  await until(() => open);
  await until(() => at("#add-input").checkVisibility());
  equal([names(), server.of("add_source")], [["Scarlett 2i2"], [{ spec: "mic:hw:2,0" }]]);
  equal(document.activeElement?.id, "add-input", "the hand is where it began");
  server.methods.add_source = add_source;
  /** @type {() => void} */ (/** @type {unknown} */ (open))();
  await until(() => names().length === 2);
  equal(names()[1], "USB microphone at the far end of the room");
  await end();
});

test("what the server has against a microphone is told beside the list, which stays open", async () => {
  const end = await begin(1);
  const pick = "#live-inputs > .live-acts";
  at("#add-input").click();
  await until(() => at(`${pick} select`).checkVisibility());
  choose(pick, 0);
  await until(() => said(pick) === "hw:1: in use by this session already");
  equal([at(`${pick} select`).checkVisibility(), names().length], [true, 1]);
  at(`${pick} select`).focus();
  at(`${pick} select`).dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  equal([said(pick), at("#add-input").checkVisibility(), document.activeElement?.id], ["", true, "add-input"]);
  server.methods.devices = () => ({ input: [], output: [] });
  at("#add-input").click();
  await until(() => said(pick) === "There is no microphone to choose.");
  server.methods.devices = () => ({ refusal: { code: -32002, message: "the devices do not answer" } });
  at("#add-input").click();
  await until(() => said(pick) === "the devices do not answer");
  await end();
});

test("a microphone becomes another, or stays what it is with the reason", async () => {
  const end = await begin(2);
  const pick = "[data-live-input='100']";
  at(`${pick} .live-change`).click();
  await until(() => at(`${pick} select`).checkVisibility());
  choose(pick, 2);
  await until(() => said(pick) === "virtual: it shares no clock with JACK");
  equal(names()[1], "USB microphone at the far end of the room");
  choose(pick, 0);
  await until(() => names()[1] === "Scarlett 2i2" && at(`${pick} .live-change`).checkVisibility());
  equal([said(pick), server.of("set_input")], ["", [{ id: 100, device: DEVICES[2].id }, { id: 100, device: DEVICES[0].id }]]);
  await end();
});

test("a microphone is removed, the first cannot be, and the hand goes on to the next", async () => {
  const end = await begin(3);
  equal([0, 100, 101].map((id) => at(`[data-live-input='${id}'] .live-remove`).hidden), [true, false, false]);
  at("[data-live-input='100'] .live-remove").focus();
  at("[data-live-input='100'] .live-remove").click();
  await until(() => names().length === 2);
  equal([server.of("remove_source"), document.activeElement?.getAttribute("aria-label")], [[{ id: 100 }], "Remove virtual, right.wav"]);
  const { remove_source } = server.methods;
  server.methods.remove_source = () => ({ refusal: { code: -32001, message: "it is being opened" } });
  at("[data-live-input='101'] .live-remove").click();
  await until(() => said("[data-live-input='101']") === "it is being opened");
  server.methods.remove_source = remove_source;
  await end();
});

test("a microphone's strip is shown among the sources, with the hand on it", async () => {
  const end = await begin(2);
  at("[data-live-input='100'] .live-strip").click();
  await until(() => document.querySelector("[data-source='100']")?.checkVisibility());
  equal([document.activeElement?.closest("[data-source]")?.getAttribute("data-source"), at("[data-view=sources]").getAttribute("aria-pressed")], ["100", "true"]);
  await end();
});

test("the round trip is measured on demand, and told with what is reported and its age", async () => {
  const end = await begin(1);
  at("#health-tab").click();
  const { measure_latency } = server.methods;
  const figures = () => ["measured", "reported"].map((what) => at(`#round-trip-${what}`).textContent);
  await until(() => at("#measure-latency").checkVisibility());
  at("#measure-latency").focus();
  at("#measure-latency").click();
  at("#measure-latency").click();
  equal([at("#measure-latency").textContent, document.activeElement?.id], ["Measuring…", "measure-latency"]);
  await until(() => figures()[0] !== "" && at("#measure-latency").textContent === "Measure");
  equal([figures(), server.of("measure_latency").length], [["1\u202f535 frames · 32.0 ms", "512 frames · 10.7 ms"], 1]);
  server.line?.dispatchEvent(new MessageEvent("message", { data: snapshot({ input: [], output: [], frames: 1, frame: 125 * 48_000 }) }));
  await until(() => at(".round-trip-age").textContent === "2 min ago");
  server.notify("event", { event: "round_trip", t: 2, frame: 0, found: false, reason: "no loop back" });
  await until(() => at("#round-trip-said").textContent === "No loop back.");
  equal(at("#round-trip .facts").hidden, true);
  server.methods.measure_latency = () => ({ refusal: { code: -32001, message: "the output is muted: unmute it first" } });
  at("#measure-latency").click();
  await until(() => at("#round-trip-error").textContent === "the output is muted: unmute it first");
  server.methods.measure_latency = measure_latency;
  await end();
});
