// Meters move by time, whatever the display's rate and the block's size.

import { ChannelMeter, MeanSquare, Peak, decibels } from "../static/lib/ballistics.js";
import { close, equal, test } from "./harness.js";

const NOW = 1_700_000_000_000;

/** A peak of 0 dBFS, then silence for `seconds` in steps of 1/rate. @param {number} seconds @param {number} rate */
function after(seconds, rate) {
  const meter = new Peak();
  meter.update(0, 1 / rate);
  for (let i = 0; i < Math.round(seconds * rate); i++) meter.update(-Infinity, 1 / rate);
  return meter;
}

test("the level falls 20 dB in a second at any frame rate", () => {
  for (const rate of [10, 30, 60, 144]) close(after(1, rate).level, -20, 1e-6, `${rate} Hz`);
});

test("the hold line rests 1.5 s and then falls 20 dB/s at any frame rate", () => {
  for (const rate of [10, 30, 60, 144]) {
    close(after(1.4, rate).hold, 0, 1e-9, `resting, ${rate} Hz`);
    close(after(2, rate).hold, -10, 1e-6, `falling, ${rate} Hz`);
  }
});

test("one long pause reads as many short ones", () => {
  const meter = new Peak();
  meter.update(0, 0.01);
  meter.update(-Infinity, 2);
  close(meter.hold, -10, 1e-9);
});

test("a new peak is taken at once and rests anew", () => {
  const meter = after(1.4, 60);
  meter.update(3, 1 / 60);
  equal([meter.level, meter.hold, meter.rested], [3, 3, 0]);
});

test("a falling meter comes to rest at silence", () => {
  equal(after(10, 60).level, -Infinity);
  equal(after(10, 60).hold, -Infinity);
});

test("the mean square counts each record by its frames", () => {
  const power = new MeanSquare(1000);
  power.push(100, 1);
  power.push(300, 0.5);
  close(power.value(), (100 * 1 + 300 * 0.5) / 400, 1e-12);
});

test("the mean square forgets what is older than its window, to the frame", () => {
  const power = new MeanSquare(300);
  power.push(200, 1);
  power.push(200, 0);
  close(power.value(), 100 / 300, 1e-12);
  power.push(300, 0.25);
  close(power.value(), 0.25, 1e-12);
  equal(power.records.length, 1, "records kept");
});

test("a steady sine reads the same for any cut into records", () => {
  for (const frames of [1, 63, 256, 800, 8191, 48000]) {
    const power = new MeanSquare(14400);
    for (let done = 0; done < 48000; done += frames) power.push(frames, 0.125);
    close(power.value(), 0.125, 1e-12, `${frames} frames`);
  }
});

test("peak and clips of a channel stay until they are reset", () => {
  const meter = new ChannelMeter(48000);
  meter.update({ peak: 1, meanSquare: 0.5, clips: 0 }, 800, 1 / 60, NOW);
  equal([meter.max, meter.clips], [0, 0], "0 dBFS is no clip");
  meter.update({ peak: 2, meanSquare: 0.5, clips: 3 }, 800, 1 / 60, NOW + 1);
  meter.update({ peak: 0.1, meanSquare: 0.005, clips: 0 }, 800, 1 / 60, NOW + 2);
  close(meter.max, decibels(2), 1e-12);
  equal([meter.clips, meter.clippedAt], [3, NOW + 1]);
  meter.reset();
  equal([meter.max, meter.clips, meter.clippedAt], [-Infinity, 0, null]);
});

test("a channel without sound comes to rest", () => {
  const meter = new ChannelMeter(48000);
  meter.update({ peak: 1, meanSquare: 0.5, clips: 0 }, 14400, 0.3, NOW);
  close(meter.rms(), -3.0103, 1e-3);
  meter.idle(0.15);
  close(meter.rms(), -6.0206, 1e-3, "half the window");
  meter.idle(0.15);
  equal(meter.rms(), -Infinity);
});

test("the highest true peak is not known before it is told, and stays until the reset", () => {
  const meter = new ChannelMeter(48000);
  equal(meter.trueMax, null);
  for (const peak of [-3, 0.4, -1]) meter.truePeak(peak);
  equal(meter.trueMax, 0.4);
  meter.reset();
  equal(meter.trueMax, null);
});

test("the window of the RMS changes while the sound runs", () => {
  const meter = new ChannelMeter(48000, 1);
  for (const square of [1, 0]) meter.update({ peak: 1, meanSquare: square, clips: 0 }, 24000, 0.5, NOW);
  close(meter.rms(), -3.0103, 1e-3, "one second");
  meter.setWindow(0.5);
  equal(meter.rms(), -Infinity, "half a second");
  meter.setWindow(0.75);
  close(meter.rms(), 10 * Math.log10(1 / 3), 1e-9, "what is still known counts");
});
