// When the plugin's probes are worth asking for. Pure; the clock is an argument.

/** At most 20 a second while there is something to see. */
const SEEN_MS = 50;
/** A probe exists from its first use on, and it is used only while someone has asked: hence a second look. */
const SECOND_LOOK_MS = 1000;
/** And later ones: a probe may sit where only a note leads. */
const LATER_LOOK_MS = 5000;

export class Poll {
  constructor() {
    this.last = -Infinity;
    this.looks = 0;
    this.out = false;
    this.refused = false;
  }

  /** Another generation, or another line: nothing is known. */
  renew() {
    this.last = -Infinity;
    this.looks = 0;
    this.out = false;
    this.refused = false;
  }

  /**
   * Whether to ask now; who is told so asks.
   * @param {number} now ms @param {boolean} any whether the plugin has any @param {boolean} seen whether they are in view
   * @param {number} [wish] what others who look want, ms: one answer is for all, since asking begins the extremes anew
   */
  due(now, any, seen, wish = Infinity) {
    if (this.out || this.refused) return false;
    const own = any ? (seen ? SEEN_MS : Infinity) : this.looks < 2 ? SECOND_LOOK_MS : LATER_LOOK_MS;
    const wait = Math.min(own, wish);
    if (wait === Infinity || now - this.last < wait) return false;
    this.last = now;
    this.looks += 1;
    this.out = true;
    return true;
  }

  /** @param {boolean} refused the server has no such method */
  answered(refused = false) {
    this.out = false;
    this.refused = refused;
  }
}
