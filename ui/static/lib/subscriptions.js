// What this page asks the server to compute: the union of what its visible views need, as one
// `subscribe` (PROTOCOL.md). A hidden page needs nothing.

/** @typedef {"auto"|"normal"|"single"|"off"} TriggerMode */
/** @typedef {"none"|"third"|"sixth"|"twelfth"} Smoothing */
/** @typedef {{ frames: number, channel: number, trigger: TriggerMode, level: number, slope: "rising"|"falling", pre: number }} ScopePart */

/**
 * @typedef {object} Part  What one view needs; what is left out it does not need.
 * @property {boolean} [levels]
 * @property {boolean} [loudness]
 * @property {{ points: number }} [stereo]
 * @property {{ size?: number, smoothing?: Smoothing }} [spectrum] left out: as others want it
 * @property {Partial<ScopePart>} [scope]
 * @property {string[]} [probes] names of signal probes
 * @property {boolean} [load]
 * @property {boolean} [sources]
 */

/** A probe beyond these is not shown. */
export const MAX_PROBES = 8;
const SPECTRUM = { size: 2048, smoothing: "none" };
const SCOPE = { frames: 1024, channel: 0, trigger: "auto", level: 0, slope: "rising", pre: 0.25 };

/** @template T @param {(T|undefined)[]} values @returns {T[]} */
const named = (values) => /** @type {T[]} */ (values.filter((value) => value !== undefined));

/**
 * The least that serves all. Where two differ the larger size wins; of two smoothings or triggers the
 * later one, since a connection has one of each.
 * @param {Part[]} parts
 * @returns {Record<string, unknown>}
 */
export function union(parts) {
  const stereo = named(parts.map((part) => part.stereo));
  const spectrum = named(parts.map((part) => part.spectrum));
  const scope = named(parts.map((part) => part.scope));
  const probes = [...new Set(parts.flatMap((part) => part.probes ?? []))].slice(0, MAX_PROBES);
  /** @type {Record<string, unknown>} */
  const views = {};
  if (parts.some((part) => part.levels)) views.levels = true;
  if (parts.some((part) => part.loudness)) views.loudness = true;
  if (stereo.length > 0) views.stereo = { points: Math.max(...stereo.map(({ points }) => points)) };
  if (spectrum.length > 0) {
    const sizes = named(spectrum.map(({ size }) => size));
    views.spectrum = Object.assign({}, SPECTRUM, ...spectrum, sizes.length > 0 ? { size: Math.max(...sizes) } : {});
  }
  if (scope.length > 0) views.scope = Object.assign({}, SCOPE, ...scope);
  if (probes.length > 0) views.probes = probes;
  if (parts.some((part) => part.load)) views.load = true;
  if (parts.some((part) => part.sources)) views.sources = true;
  return views;
}

export class Subscriptions {
  /** @param {(views: Record<string, unknown>) => void} send at most once per turn of the event loop, only what differs */
  constructor(send) {
    this.send = send;
    /** @type {Map<string, Part>} by view */
    this.parts = new Map();
    this.sent = "{}";
    this.hidden = false;
    this.due = false;
  }

  /** What this view needs from now on; nothing = `{}`. @param {string} view @param {Part} part */
  set(view, part) {
    this.parts.set(view, part);
    this.later();
  }

  /** @param {boolean} hidden whether nobody can see the page */
  hide(hidden) {
    this.hidden = hidden;
    this.later();
  }

  /** Another line: its server knows of nothing yet. */
  renew() {
    this.sent = "{}";
    this.later();
  }

  later() {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => this.flush());
  }

  flush() {
    this.due = false;
    const views = this.hidden ? {} : union([...this.parts.values()]);
    const text = JSON.stringify(views);
    if (text === this.sent) return;
    this.sent = text;
    this.send(views);
  }
}
