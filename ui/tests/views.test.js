// The views against known signals: what they say, what they export, and the pixels they draw.

import { trace } from "../static/components/views/draw.js";
import { GoniometerView } from "../static/components/views/goniometer.js";
import { createViews } from "../static/components/views/index.js";
import { ProbesView } from "../static/components/views/probe-lanes.js";
import { ScopeView } from "../static/components/views/scope.js";
import { SpectrogramView } from "../static/components/views/spectrogram.js";
import { SpectrumView } from "../static/components/views/spectrum.js";
import { el } from "../static/lib/dom.js";
import { decode } from "../static/lib/telemetry.js";
import { close, equal, test } from "./harness.js";
import { snapshot } from "./snapshot.js";
import { N_BINS, RATE, binOfHz, hzOfBin, list, probes, scope, spectrum, stereo, tone } from "./sound.js";

/** @import { Plot } from "../static/components/views/plot.js" */
/** @import { Draw } from "../static/components/viewdeck.js" */

// The test page has no style sheets; these are the colours that the pixels are told apart by.
const COLOURS = { well: "#000", grid: "#222", "grid-strong": "#333", ink: "#fff", "ink-soft": "#aaa", "ink-faint": "#888", accent: "#fb0", "trace-input": "#48f", "trace-output": "#0c8", "trace-difference": "#f80", "trace-extra": "#b9f", "signal-deep": "#065", hot: "#f00" };
for (const [name, colour] of Object.entries(COLOURS)) document.documentElement.style.setProperty(`--${name}`, colour);

const CHANNEL = { peak: 0.5, meanSquare: 0.125, clips: 0 };

/** @param {ArrayBuffer[]} sections @param {number} [frame] */
const fresh = (sections, frame = 0) => decode(snapshot({ input: [CHANNEL, CHANNEL], output: [CHANNEL, CHANNEL], frames: 1, frame, sections }));

/** What its observers tell a view; a browser on virtual time lays out when it likes. @param {Plot} view */
function layOut(view) {
  const { top, bottom, width } = view.canvas.getBoundingClientRect();
  view.onScreen = width > 0 && bottom > 0 && top < innerHeight;
  if (view.extent.width !== width) view.fit();
}

/** A view on the page, 400 × 300, and what it asks for. @template {Plot} View @param {View} view */
function mounted(view) {
  const host = el("div");
  Object.assign(host.style, { position: "fixed", inset: "0 auto auto 0", width: "400px", height: "300px" });
  document.body.append(host);
  // The test page has no style sheet of the views.
  Object.assign(view.canvas.style, { display: "block", width: "400px", height: "260px" });
  /** @type {Draw[]} */
  const draws = [];
  /** @type {any[]} */
  const parts = [];
  view.mount(host, { onFrame: (draw) => void draws.push(draw), subscribe: (part) => void parts.push(part) });
  layOut(view);
  /** @param {ArrayBuffer[]} [sections] @param {number} [frame] */
  const show = (sections, frame) => draws.forEach((draw) => draw(sections ? fresh(sections, frame) : null, 1));
  const label = () => view.canvas.getAttribute("aria-label") ?? "";
  const close = () => {
    view.unmount();
    host.remove();
  };
  return { host, parts, show, label, close };
}

/** The cells of a CSV. @param {string} text */
const cells = (text) => text.trim().split("\r\n").slice(1).map((line) => line.split(","));

/** How many draw calls all canvases get meanwhile. @param {() => void} what */
function strokes(what) {
  const paper = CanvasRenderingContext2D.prototype;
  const names = /** @type {const} */ (["drawImage", "fillRect", "stroke", "fill", "fillText", "putImageData"]);
  const kept = names.map((name) => paper[name]);
  let count = 0;
  names.forEach((name, i) => {
    paper[name] = /** @type {any} */ (function (/** @type {any} */ ...args) {
      count += 1;
      // @ts-ignore the context that is drawn on
      return kept[i].apply(this, args);
    });
  });
  what();
  names.forEach((name, i) => {
    paper[name] = /** @type {any} */ (kept[i]);
  });
  return count;
}

/** How often the layout is asked meanwhile. @param {() => void} what */
function reads(what) {
  let count = 0;
  const kept = Object.getOwnPropertyDescriptor(Element.prototype, "clientWidth") ?? {};
  const box = Element.prototype.getBoundingClientRect;
  Object.defineProperty(Element.prototype, "clientWidth", { configurable: true, get() { return (count += 1, kept.get?.call(this)); } });
  Element.prototype.getBoundingClientRect = function () { return (count += 1, box.call(this)); };
  what();
  Object.defineProperty(Element.prototype, "clientWidth", kept);
  Element.prototype.getBoundingClientRect = box;
  return count;
}

/** Red, green and blue of the picture. @param {Plot} view @param {number} x @param {number} y CSS pixels @returns {number[]} */
function pixel(view, x, y) {
  const ratio = devicePixelRatio || 1;
  const picture = /** @type {CanvasRenderingContext2D} */ (view.composed().getContext("2d"));
  return [...picture.getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data.slice(0, 3)];
}

/** A 997 Hz sine of −12 dBFS that the plugin raises by 6 dB, and a floor that it does not. */
const RAISED = spectrum(tone(997, -12, -90), (bin) => tone(997, -12, -90)(bin) + 6);

test("a sine of 997 Hz peaks within half a bin, at its level", () => {
  const view = new SpectrumView();
  const { show, label, close: done } = mounted(view);
  show([RAISED]);
  const loudest = view.loudest();
  close(binOfHz(loudest?.hz ?? 0), binOfHz(997), 0.5, "bin");
  close(loudest?.level ?? NaN, -6, 0.1, "dBFS");
  equal(/^Spectrum: output loudest at (99\d Hz|1\.00\d kHz), −[56]\.\d dBFS$/.test(label()), true, label());
  view.point(binOfHz(997) / (N_BINS - 1), 0.5);
  show();
  equal(/in −1[12]\.\d · out −[56]\.\d · Δ \+6\.0 dB$/.test(view.readout?.textContent ?? ""), true, view.readout?.textContent ?? "");
  done();
});

test("the transfer line stands at the decibels that the plugin adds; silence has none", () => {
  const view = new SpectrumView();
  const { show, close: done } = mounted(view);
  show([RAISED]);
  const y = view.differenceY(6);
  close(y, view.box.top + view.box.height * (0.5 - 6 / 48), 1e-9, "24 dB up and down");
  const x = view.box.left + view.box.width * 0.83;
  show([spectrum(() => -Infinity, () => -Infinity)]);
  const without = list(9, (i) => pixel(view, x, y + i - 4).join());
  view.within = 0;
  show([RAISED]);
  const drawn = list(9, (i) => pixel(view, x, y + i - 4).join());
  equal(drawn.map((colour, i) => colour !== without[i]).indexOf(true) >= 2 && drawn[4] !== without[4], true, "the line");
  equal(cells(view.csv()).every(([, , , difference]) => Math.abs(Number(difference) - 6) < 0.011), true, "every bin +6 dB");
  show([spectrum(() => -Infinity, () => -40)]);
  equal(cells(view.csv())[7].slice(1), ["-inf", "-40", ""]);
  done();
});

test("the numbers of the CSV are those of the data", () => {
  const view = new SpectrumView();
  const { show, close: done } = mounted(view);
  show([spectrum((bin) => -bin / 8, (bin) => -bin / 4)]);
  show([spectrum((bin) => -20 - bin / 8, (bin) => -bin / 4)]);
  const rows = cells(view.csv()).map((row) => row.map(Number));
  equal(rows.length, N_BINS);
  rows.forEach(([hz, input, output], bin) => {
    close(hz, hzOfBin(bin), 1e-6, "hz");
    close(input, -20 - bin / 8, 0.0051, "input");
    close(output, -bin / 4, 0.0051, "output");
  });
  done();
});

test("peak hold keeps the highest", () => {
  const view = new SpectrumView();
  const { show, close: done } = mounted(view);
  view.within = 0;
  show([RAISED]);
  show([spectrum(() => -80, () => -80)]);
  close(Math.max(...view.output.hold), -6, 0.5);
  close(Math.max(...view.output.level), -80, 0.01);
  done();
});

test("the trigger is drawn at its index", () => {
  const view = new ScopeView();
  const { show, close: done } = mounted(view);
  view.setRate(96_000);
  view.setRate(RATE);
  const wave = list(512, (i) => 0.5 * Math.sin((i - 128) / 20));
  show([scope({ frame: 4800, trigger: 128, input: wave, output: wave })]);
  close(view.x(128), view.box.left + (128 / 511) * view.box.width, 1e-9);
  const y = view.box.top + view.box.height - 6;
  const [red, , blue] = pixel(view, Math.round(view.x(128)), y);
  equal(red > blue + 40, true, "an amber line");
  equal(cells(view.csv())[128].slice(0, 3), ["4928", "0", "0"]);
  close(Number(cells(view.csv())[176][1]), 1, 1e-9, "48 frames are a millisecond");
  view.point(128 / 511, 0.5);
  show();
  equal(view.readout?.textContent, "0.000 ms · in 0.000 · out 0.000 · −∞ dBFS");
  done();
});

test("an inverted channel lies flat, mono stands upright", () => {
  const view = new GoniometerView();
  const { show, label, close: done } = mounted(view);
  const loud = list(64, (i) => Math.floor(i / 2) / 32 - 0.5);
  show([stereo([1, 0, loud], [-1, 0, loud.map((value, i) => (i % 2 ? -value : value))])]);
  const { x, y } = view.dial();
  equal([view.place(0.5, -0.5)[1], view.place(0.5, 0.5)[0]], [y, x]);
  equal(view.place(1, 1)[1], y - view.dial().radius, "full scale at the edge");
  equal(label(), "Goniometer: output correlation −1.00, balance 0.00; input correlation +1.00");
  view.side = "output";
  view.changed();
  show();
  const ground = pixel(view, x + 31, y + 9).join();
  /** @param {(i: number) => number[]} at */
  const lit = (at) => list(40, (i) => at(i).join() !== ground).filter(Boolean).length;
  equal(lit((i) => pixel(view, x - 20 + i, y - 1)) > 10, true, "flat");
  equal(lit((i) => pixel(view, x + 3, y - 25 + i)) < 8, true, "not upright");
  done();
});

test("more points than pixels are two to a pixel, and the one high one among them is drawn", () => {
  const box = { left: 0, top: 0, width: 100, height: 50 };
  /** @type {number[]} */
  const drawn = [];
  const g = /** @type {any} */ ({ beginPath() {}, stroke() {}, moveTo: (/** @type {number} */ _, /** @type {number} */ y) => drawn.push(y), lineTo: (/** @type {number} */ _, /** @type {number} */ y) => drawn.push(y) });
  trace(g, box, 4000, (i) => (i === 1777 ? 7 : i === 1778 ? 44 : i > 3000 ? NaN : 20 + (i % 2)), { colour: "--ink" });
  equal([drawn.length, Math.min(...drawn), Math.max(...drawn), drawn.every(Number.isFinite)], [151, 7, 44, true]);
  drawn.length = 0;
  trace(g, box, 200, (i) => i, { colour: "--ink" });
  equal(drawn, list(200, (i) => i), "as many as there is room for are all drawn");
});

test("the spectrogram has each moment in its column", () => {
  const view = new SpectrogramView();
  const { show, close: done } = mounted(view);
  show([spectrum(() => -90, tone(100, -20))], RATE);
  show([spectrum(() => -90, tone(5000, -20))], 2 * RATE);
  /** @param {number} ago */
  const loudest = (ago) => hzOfBin(view.column(ago).indexOf(Math.max(...view.column(ago))));
  close(binOfHz(loudest(0)), binOfHz(5000), 0.5);
  close(binOfHz(loudest(40)), binOfHz(100), 0.5, "a second before");
  equal(cells(view.csv()).length, 400);
  done();
});

test("the spectrogram is dark where nobody looked, before it was opened and while it was away", () => {
  const view = new SpectrogramView();
  const { show, close: done } = mounted(view);
  for (const seconds of [5, 5.25, 7]) show([spectrum(() => -90, tone(5000, -20))], seconds * RATE);
  /** @param {number} seconds */
  const dark = (seconds) => view.column(Math.round((7 - seconds) * 40)).every((level) => level === -32768);
  equal([4.9, 5, 5.1, 5.25, 5.5, 6.9, 7].map(dark), [true, false, false, false, true, true, false]);
  done();
});

test("probes are lanes: signals by their index, meters and scalars by their course", () => {
  const view = new ProbesView();
  const { parts, show, label, close: done } = mounted(view);
  show();
  equal(view.pollMs(), 1000, "there may be some soon");
  view.know({
    meters: [{ key: "gr", name: "Gain reduction", unit: "dB", min: 0, max: 24, value: 6 }],
    probes: [{ name: "gr", kind: "scalar", value: 6, min: 6, max: 6 }, { name: "env", kind: "signal", value: null, min: null, max: null }],
  });
  equal([parts.at(-1), view.pollMs()], [{ probes: ["env"] }, 50]);
  show([probes([[0, [0.25, -0.5]], [7, [1]]])]);
  equal([label(), cells(view.csv())], ["Probes: Gain reduction 6.000 dB; signals env", [["env", "signal", "0", "0.25"], ["env", "signal", "1", "-0.5"], ["Gain reduction", "scalar", "0", "6"]]]);
  view.freeze(true);
  equal(view.pollMs(), Infinity, "frozen");
  done();
});

test("the trigger's level follows the hand that drags its line, and the server is told", () => {
  const view = new ScopeView();
  const { parts, show, close: done } = mounted(view);
  show([scope({ trigger: 0, input: [0, 1], output: [0, 1] })]);
  const { left, top } = view.canvas.getBoundingClientRect();
  /** @type {Set<number>} */
  const captured = new Set();
  view.canvas.setPointerCapture = (id) => void captured.add(id);
  view.canvas.hasPointerCapture = (id) => captured.has(id);
  /** @param {string} type @param {number} level */
  const hand = (type, level) => view.canvas.dispatchEvent(new PointerEvent(type, { pointerId: 7, clientX: left + 100, clientY: top + view.y(level) }));
  hand("pointerdown", 0.5);
  hand("pointermove", 0.25);
  equal(view.wanted.level, 0, "beside the line");
  hand("pointerdown", 0);
  hand("pointermove", 0.25);
  close(parts.at(-1).scope.level, 0.25, 0.011);
  equal([view.level.querySelector("input")?.value, view.canvas.dataset.drags], [String(view.wanted.level), "level"]);
  hand("pointermove", 3);
  equal(view.wanted.level, 1, "at most full scale");
  done();
});

test("a view is as it was left; what is not right of it is as at first", () => {
  const view = new ScopeView();
  const { close: done } = mounted(view);
  view.set({ trigger: "normal", level: 0.5, channel: 3 });
  done();
  const [{ wanted, channel }] = [new ScopeView()].map((again) => (mounted(again).close(), again));
  equal([wanted.trigger, wanted.level, wanted.channel, channel.value, channel.length], ["normal", 0.5, 3, "3", 4]);
  localStorage.setItem("retake.scope", JSON.stringify({ trigger: "never", level: 7, frames: "512", reach: 0.5, channel: null }));
  equal([new ScopeView().wanted, new ScopeView().reach], [{ frames: 1024, channel: 0, trigger: "auto", level: 0, slope: "rising", pre: 0.25 }, 0.5]);
  localStorage.setItem("retake.spectrum", "[");
  equal([new SpectrumView().size, new SpectrumView().holding], [4096, false]);
});

test("a view that is hidden asks for nothing and draws nothing, and comes back", () => {
  for (const view of createViews()) {
    const { host, parts, show, close: done } = mounted(view);
    const everything = [RAISED, stereo([1, 0, [0.5, 0.5]], [1, 0, [0.5, 0.5]]), scope({ trigger: 0, input: [0, 1], output: [0, 1] }), probes([])];
    equal(strokes(() => show(everything)) > 0, true, `${view.id} draws`);
    host.style.display = "none";
    layOut(view);
    equal([strokes(() => show(everything)), parts.at(-1)], [0, {}], `${view.id} without a place`);
    host.style.display = "";
    host.style.top = "100000px";
    layOut(view);
    equal([strokes(() => show(everything)), parts.at(-1)], [0, {}], `${view.id} out of sight`);
    host.style.top = "0";
    layOut(view);
    equal([strokes(() => show(everything)) > 0, Object.keys(parts.at(-1))], [true, Object.keys(view.part())], `${view.id} again`);
    equal([strokes(() => show()), reads(() => show(everything))], [0, 0], `${view.id} without news, and what it asks of the layout`);
    done();
  }
});

test("a frozen view holds its picture and asks for nothing", () => {
  const view = new SpectrumView();
  const { parts, show, close: done } = mounted(view);
  show([RAISED]);
  view.freezer?.click();
  equal([parts.at(-1), view.freezer?.ariaPressed], [{}, "true"]);
  show([spectrum(() => -80, () => -80)]);
  close(view.loudest()?.level ?? NaN, -6, 0.1);
  view.freezer?.click();
  equal(parts.at(-1), view.part());
  done();
});

test("the text for ears changes once a second at most", () => {
  const view = new SpectrumView();
  const { show, label, close: done } = mounted(view);
  show([RAISED]);
  const first = label();
  view.frame(fresh([spectrum(() => -50, () => -50)]), 0.9);
  equal(label(), first);
  view.frame(fresh([spectrum(() => -50, () => -50)]), 0.2);
  equal(label() === first, false);
  done();
});

test("the picture is saved as PNG with its size", async () => {
  const view = new SpectrumView();
  const { show, close: done } = mounted(view);
  show([RAISED]);
  const blob = await view.png();
  const bytes = new DataView(await /** @type {Blob} */ (blob).arrayBuffer());
  equal([blob?.type, bytes.getUint32(16), bytes.getUint32(20)], ["image/png", view.canvas.width, view.canvas.height]);
  done();
});
