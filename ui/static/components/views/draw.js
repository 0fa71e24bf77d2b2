// Strokes that several views share. All in CSS pixels.

/** @import { Box } from "./plot.js" */
import { token } from "../paint.js";

/** A hair line that stands on the pixel grid. @param {CanvasRenderingContext2D} g @param {string} colour token @param {number} x @param {number} y @param {number} width @param {number} height */
export function hair(g, colour, x, y, width, height) {
  g.fillStyle = token(colour);
  g.fillRect(Math.round(x), Math.round(y), Math.max(1, width), Math.max(1, height));
}

/** @param {CanvasRenderingContext2D} g @param {string} text @param {number} x @param {number} y @param {CanvasTextAlign} [align] @param {string} [colour] token */
export function word(g, text, x, y, align = "left", colour = "--ink-faint") {
  g.font = `10px ${token("--font")}`;
  g.textAlign = align;
  g.textBaseline = "middle";
  g.fillStyle = token(colour);
  g.fillText(text, x, y);
}

/**
 * A trace; where `yOf` gives NaN it has a gap. More than two points to a pixel are drawn as the lowest
 * and the highest of each.
 * @param {CanvasRenderingContext2D} g @param {Box} box @param {number} count points over the box's width @param {(i: number) => number} yOf
 * @param {{ colour: string, width?: number, alpha?: number, filled?: boolean }} how colour = token
 */
export function trace(g, box, count, yOf, { colour, width = 1.5, alpha = 1, filled = false }) {
  g.beginPath();
  if (count > 2 * Math.ceil(box.width)) columns(g, box, count, yOf);
  else points(g, box, count, yOf);
  g.lineJoin = "round";
  g.lineWidth = width;
  g.strokeStyle = token(colour);
  if (alpha !== 1) g.globalAlpha = alpha;
  g.stroke();
  if (filled) fillBelow(g, box, colour);
  if (alpha !== 1 || filled) g.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} g @param {Box} box @param {number} count @param {(i: number) => number} yOf */
function points(g, box, count, yOf) {
  const step = box.width / Math.max(1, count - 1);
  let down = false;
  for (let i = 0; i < count; i++) {
    const y = yOf(i);
    const drawn = y === y;
    if (drawn && down) g.lineTo(box.left + i * step, y);
    else if (drawn) g.moveTo(box.left + i * step, y);
    down = drawn;
  }
}

/** @param {CanvasRenderingContext2D} g @param {Box} box @param {number} count @param {(i: number) => number} yOf */
function columns(g, box, count, yOf) {
  const nColumns = Math.ceil(box.width);
  let down = false;
  for (let column = 0; column < nColumns; column++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = Math.floor((column * count) / nColumns); i < Math.floor(((column + 1) * count) / nColumns); i++) {
      const y = yOf(i);
      if (y < low) low = y;
      if (y > high) high = y;
    }
    const drawn = low <= high;
    const x = box.left + column;
    if (drawn && down) g.lineTo(x, low);
    else if (drawn) g.moveTo(x, low);
    if (high > low) g.lineTo(x, high);
    down = drawn;
  }
}

/** @param {CanvasRenderingContext2D} g @param {Box} box @param {string} colour token */
function fillBelow(g, { left, top, width, height }, colour) {
  g.lineTo(left + width, top + height);
  g.lineTo(left, top + height);
  g.closePath();
  g.globalAlpha = 0.13;
  g.fillStyle = token(colour);
  g.fill();
}

/** What the colours mean, at the top left; the picture keeps it when it is saved. @param {CanvasRenderingContext2D} g @param {Box} box @param {[string, string][]} entries token and word */
export function legend(g, { left, top }, entries) {
  let x = left + 8;
  for (const [colour, name] of entries) {
    g.fillStyle = token(colour);
    g.fillRect(x, top + 8, 10, 2);
    word(g, name, x + 14, top + 9.5, "left", "--ink-soft");
    x += 14 + g.measureText(name).width + 12;
  }
}

/** The cursor's line. @param {CanvasRenderingContext2D} g @param {Box} box @param {{ x: number, y: number }|null} cursor @param {boolean} [across] a line for its height too */
export function crosshair(g, { left, top, width, height }, cursor, across = false) {
  if (!cursor) return;
  g.globalAlpha = 0.5;
  hair(g, "--ink", left + cursor.x * width, top, 1, height);
  if (across) hair(g, "--ink", left, top + cursor.y * height, width, 1);
  g.globalAlpha = 1;
}

/** The frequency axis's marks. */
const MARKS_HZ = [20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
const FINE_HZ = [30, 40, 60, 70, 80, 90, 300, 400, 600, 700, 800, 900, 3000, 4000, 6000, 7000, 8000, 9000];

/** @param {number} rate @param {(hz: number, mark: string|null) => void} draw mark = null where only a fine line stands */
export function eachHz(rate, draw) {
  for (const hz of FINE_HZ) if (hz <= rate / 2) draw(hz, null);
  for (const hz of MARKS_HZ) if (hz <= rate / 2) draw(hz, hz >= 1000 ? `${hz / 1000}k` : String(hz));
}
