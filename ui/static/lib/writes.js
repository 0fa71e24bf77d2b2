// Parameter writes on their way: per parameter at most one request is out, and only the newest value
// waits behind it, so a fast pointer cannot fill a queue and the last value always arrives. Pure.

/** @template {number|string} Id @template Value */
export class Writes {
  /** @param {(id: Id, value: Value) => Promise<unknown>} send */
  constructor(send) {
    this.send = send;
    /** @type {Map<Id, Value|null>} by id: the value that waits behind the one that is out */
    this.out = new Map();
  }

  /** @param {Id} id @param {Value} value */
  set(id, value) {
    if (this.out.has(id)) this.out.set(id, value);
    else this.start(id, value);
  }

  /** What waits goes out now: something is to follow it. @param {Id} id */
  flush(id) {
    const next = this.out.get(id) ?? null;
    if (next === null) return;
    this.out.set(id, null);
    this.send(id, next).catch(() => {});
  }

  /** @param {Id} id @param {Value} value */
  start(id, value) {
    this.out.set(id, null);
    // A refused value is told by `send` itself; here only the way is free again.
    this.send(id, value).catch(() => {}).finally(() => {
      const next = this.out.get(id) ?? null;
      this.out.delete(id);
      if (next !== null) this.start(id, next);
    });
  }
}
