// Keys in hands: what is pressed is released, whatever comes between.

import { Keyboard } from "../static/components/keyboard.js";
import { velocityAt } from "../static/components/piano.js";
import { el } from "../static/lib/dom.js";
import { Model } from "../static/lib/model.js";
import { Held, Notes, SEMITONES } from "../static/lib/notes.js";
import { RpcError } from "../static/lib/socket.js";
import { close, equal, test } from "./harness.js";

/** A keyboard on the page, with what it played: the key, negative when released. */
function keyboard() {
  const root = el("section");
  document.body.append(root);
  /** @type {number[]} */
  const played = [];
  /** @type {number[]} */
  const velocities = [];
  root.addEventListener("note", (event) => {
    const { key, on, velocity } = /** @type {CustomEvent} */ (event).detail;
    played.push(on ? key : -key);
    if (on) velocities.push(velocity);
  });
  const keys = new Keyboard(root);
  const model = new Model();
  model.connected("connected");
  model.takesNotes = true;
  keys.draw(model);
  // What the test leaves behind must not play in the next one.
  const leave = () => {
    dispatchEvent(new Event("blur"));
    model.takesNotes = false;
    keys.draw(model);
    root.remove();
  };
  return { keys, model, played, velocities, leave };
}

/** @param {string} type @param {string} code @param {KeyboardEventInit} [more] @param {EventTarget} [at] */
function key(type, code, more = {}, at = document.body) {
  const event = new KeyboardEvent(`key${type}`, { code, bubbles: true, cancelable: true, ...more });
  at.dispatchEvent(event);
  return event;
}

test("the rows of the computer's keyboard are the white and black keys", () => {
  equal([SEMITONES.get("KeyA"), SEMITONES.get("KeyW"), SEMITONES.get("KeyJ"), SEMITONES.get("KeyK"), SEMITONES.get("Quote")], [0, 1, 11, 12, 17]);
});

test("a key plays once and is released, by its place and not its letter", () => {
  const { played, velocities, leave } = keyboard();
  equal(key("down", "KeyA", { key: "q" }).defaultPrevented, true);
  key("down", "KeyA", { key: "q", repeat: true });
  key("down", "KeyS");
  key("up", "KeyA");
  key("up", "KeyS");
  key("up", "KeyS");
  equal([played, velocities], [[48, 50, -48, -50], [0.8, 0.8]]);
  leave();
});

test("a press whose release was lost is released by the next press", () => {
  const { played, leave } = keyboard();
  key("down", "KeyA");
  key("down", "KeyA");
  key("up", "KeyA");
  equal(played, [48, -48, 48, -48]);
  leave();
});

test("octave and velocity change between press and release, the note does not", () => {
  const { keys, played, velocities, leave } = keyboard();
  key("down", "KeyA");
  key("down", "KeyX");
  key("down", "KeyV");
  key("up", "KeyA");
  key("down", "KeyA");
  equal([played, velocities], [[48, -48, 60], [0.8, 0.9]]);
  for (let i = 0; i < 20; i++) key("down", "KeyX");
  equal([keys.base, keys.octave.textContent], [96, "C7 to C9"]);
  for (let i = 0; i < 20; i++) key("down", "KeyZ");
  for (let i = 0; i < 20; i++) key("down", "KeyC");
  equal([keys.base, keys.octave.textContent, keys.velocity.textContent], [0, "C−1 to C1", "10 %"]);
  leave();
});

test("typing in a field plays nothing; a release is heard even there", () => {
  const { played, leave } = keyboard();
  const field = el("input", { type: "text" });
  const list = el("select");
  const slider = el("input", { type: "range" });
  document.body.append(field, list, slider);
  for (const at of [field, list]) equal(key("down", "KeyA", {}, at).defaultPrevented, false);
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }]) key("down", "KeyA", more);
  equal(played, []);
  key("down", "KeyD", {}, slider);
  key("up", "KeyD", {}, field);
  equal(played, [52, -52]);
  for (const element of [field, list, slider]) element.remove();
  leave();
});

test("whatever takes the hands away releases what they hold", () => {
  const { keys, model, played, leave } = keyboard();
  /** @type {Record<string, () => void>} */
  const ends = {
    blur: () => dispatchEvent(new Event("blur")),
    pagehide: () => dispatchEvent(new Event("pagehide")),
    hidden: () => document.dispatchEvent(new Event("visibilitychange")),
    menu: () => document.body.dispatchEvent(new Event("contextmenu", { bubbles: true })),
    command: () => key("down", "MetaLeft", { metaKey: true }),
    disconnected: () => {
      model.connected("reconnecting");
      keys.draw(model);
      model.connected("connected");
      keys.draw(model);
    },
    "another plugin": () => {
      model.takesNotes = false;
      keys.draw(model);
      model.takesNotes = true;
      keys.draw(model);
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    played.length = 0;
    key("down", "KeyA");
    key("down", "KeyG");
    end();
    equal(played, [48, 55, -48, -55], name);
    key("up", "KeyA");
    key("up", "KeyG");
    equal(played.length, 4, `${name}: released once`);
  }
  leave();
  played.length = 0;
  key("down", "KeyA");
  key("up", "KeyA");
  equal([played, keys.root.hidden], [[], true], "no notes, no keyboard");
});

test("a pointer presses, slides and releases, louder further down", () => {
  const { keys, played, velocities, leave } = keyboard();
  const { piano } = keys;
  piano.root.setPointerCapture = () => {};
  Object.assign(piano.root.style, { position: "fixed", top: "0", left: "0", width: "300px", height: "100px", zIndex: "9" });
  for (const [i, { root }] of piano.keys.entries()) {
    Object.assign(root.style, { position: "absolute", top: "0", left: `${i * 12}px`, width: "12px", height: "100px" });
  }
  /** @param {string} type @param {number} semitone @param {number} y @param {number} [buttons] */
  const point = (type, semitone, y, buttons = 1) => piano.root.dispatchEvent(
    new PointerEvent(`pointer${type}`, { pointerId: 5, clientX: semitone * 12 + 6, clientY: y, button: type === "move" ? -1 : 0, buttons, bubbles: true }));
  point("move", 4, 50, 0);
  point("down", 0, 50);
  point("move", 0, 80);
  point("move", 1, 99);
  point("move", 1, 400);
  equal(played.at(-1), -49, "off the keys");
  point("move", 2, 0);
  point("up", 2, 0, 0);
  equal(played, [48, -48, 49, -49, 50, -50]);
  close(velocities[0], velocityAt(0.5), 1e-9);
  equal(velocities.map((v) => v > 0 && v <= 1), [true, true, true]);
  equal(velocities[2] < velocities[0] && velocities[0] < velocities[1], true, "louder further down");
  leave();
});

test("held and sounding keys are marked", () => {
  const { keys, model, leave } = keyboard();
  key("down", "KeyA");
  model.note({ key: 50, velocity: 1, on: true, channel: 1 });
  keys.draw(model);
  const marks = (/** @type {string} */ name) => [...keys.root.querySelectorAll(`[data-${name}=true]`)].map((at) => at.getAttribute("data-key"));
  equal([marks("held"), marks("sounding")], [["48"], ["50"]]);
  leave();
  equal(marks("held"), []);
});

test("a key that two hold sounds until both are gone", () => {
  /** @type {boolean[]} */
  const played = [];
  const held = new Held(({ on }) => void played.push(on));
  held.hold("a", 60, 1);
  held.hold("b", 60, 1);
  held.release("a");
  equal(played, [true]);
  held.release("b");
  equal(played, [true, false]);
});

test("a release that the line swallowed is sent again, a press is not", async () => {
  /** @type {number[]} */
  const arrived = [];
  let up = false;
  const notes = new Notes(({ key, on }) => {
    if (!up) return Promise.reject(new RpcError(0, "not connected", null));
    arrived.push(on ? key : -key);
    return Promise.resolve({});
  });
  const refused = await notes.play({ key: 60, velocity: 1, on: true, channel: 0 }).then(() => false, () => true);
  await notes.play({ key: 60, velocity: 0, on: false, channel: 0 });
  await notes.play({ key: 62, velocity: 0, on: false, channel: 0 });
  await notes.play({ key: 64, velocity: 1, on: true, channel: 0 }).catch(() => {});
  equal([refused, arrived], [true, []]);
  up = true;
  notes.connected();
  notes.connected();
  equal(arrived, [-60, -62]);
});
