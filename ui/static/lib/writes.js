// Parameter writes on their way: per parameter at most one request is out, and only the newest value
// waits behind it, so a fast pointer cannot fill a queue and the last value always arrives. Pure.

export class Writes {
  /** @param {(id: number, value: number) => Promise<unknown>} send */
  constructor(send) {
    this.send = send;
    /** @type {Map<number, number|null>} by id: the value that waits behind the one that is out */
    this.out = new Map();
  }

  /** @param {number} id @param {number} value */
  set(id, value) {
    if (this.out.has(id)) this.out.set(id, value);
    else this.start(id, value);
  }

  /** What waits goes out now: something is to follow it. @param {number} id */
  flush(id) {
    const next = this.out.get(id) ?? null;
    if (next === null) return;
    this.out.set(id, null);
    this.send(id, next).catch(() => {});
  }

  /** @param {number} id @param {number} value */
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
