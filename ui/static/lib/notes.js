// Keys in hands, and their notes on the way to the plugin: none may hang. Pure.

/** @import { Note } from "./types.js" */

/** Semitones above the lowest key, by the physical place on the computer's keyboard: two rows as a piano has them. */
export const SEMITONES = new Map([
  "KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ",
  "KeyK", "KeyO", "KeyL", "KeyP", "Semicolon", "Quote",
].map((code, semitone) => [code, semitone]));

/** Which key each source (a finger, a computer key) holds; a key that two hold sounds until both are gone. */
export class Held {
  /** @param {(note: Note) => void} play */
  constructor(play) {
    this.play = play;
    /** @type {Map<string, number>} key by source */
    this.bySource = new Map();
  }

  /** @param {number} key */
  has(key) {
    return [...this.bySource.values()].includes(key);
  }

  /** A source goes to a key, and leaves the one it held. @param {string} source @param {number} key @param {number} velocity */
  hold(source, key, velocity) {
    if (this.bySource.get(source) === key) return;
    this.release(source);
    const sounds = this.has(key);
    this.bySource.set(source, key);
    if (!sounds) this.play({ key, velocity, on: true, channel: 0 });
  }

  /** @param {string} source */
  release(source) {
    const key = this.bySource.get(source);
    if (key === undefined) return;
    this.bySource.delete(source);
    if (!this.has(key)) this.play({ key, velocity: 0, on: false, channel: 0 });
  }

  releaseAll() {
    for (const source of [...this.bySource.keys()]) this.release(source);
  }
}

/**
 * Notes on their way. A release that a broken line swallowed is sent again over the next one; a press
 * never is: it would sound long after the hand.
 */
export class Notes {
  /** @param {(note: Note) => Promise<unknown>} send rejects with `code` 0 when the line broke */
  constructor(send) {
    this.send = send;
    /** @type {Map<number, Note>} releases that did not arrive, by key */
    this.owed = new Map();
  }

  /** @param {Note} note @returns {Promise<void>} rejects when a press was refused */
  async play(note) {
    this.owed.delete(note.key);
    try {
      await this.send(note);
    } catch (error) {
      if (note.on) throw error;
      if (/** @type {{ code?: number }} */ (error).code === 0) this.owed.set(note.key, note);
    }
  }

  /** The line stands again. */
  connected() {
    for (const note of [...this.owed.values()]) void this.play(note);
  }
}
