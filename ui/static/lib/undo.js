// What hands have moved, to be taken back: a step per gesture, whatever happened between its begin and
// its end. Pure.

/** @typedef {{ id: number, from: number, to: number }} Change  Plain values of one parameter. */
/** @typedef {{ id: number, value: number }} Wish */

const STEPS = 200;

export class Undo {
  /** @param {() => Wish[]} [stand] where all parameters stand now */
  constructor(stand = () => []) {
    this.stand = stand;
    /** @type {Change[][]} newest last */
    this.past = [];
    /** @type {Change[][]} taken back, newest last */
    this.future = [];
    /** @type {Map<number, Change>} by id: a hand is on it */
    this.open = new Map();
    /** Where all stood before a step whose end is not known yet. @type {Wish[]|null} */
    this.marked = null;
  }

  /** Steps that can be taken back. */
  get steps() {
    return this.past.length + (this.marked ? 1 : 0);
  }

  /** Where all stands, before something that moves many at once. */
  before() {
    this.settle();
    return this.stand();
  }

  /** It happened: what has changed since then is one step, which ends where the next begins. @param {Wish[]} before */
  mark(before) {
    this.settle();
    this.marked = before;
  }

  settle() {
    const now = new Map(this.stand().map(({ id, value }) => [id, value]));
    const changes = (this.marked ?? []).map(({ id, value: from }) => ({ id, from, to: now.get(id) ?? NaN }));
    this.marked = null;
    this.push(changes);
  }

  /** @param {number} id @param {number} from where it stands */
  begin(id, from) {
    this.settle();
    if (!this.open.has(id)) this.open.set(id, { id, from, to: from });
  }

  /** @param {number} id @param {number} value */
  set(id, value) {
    const change = this.open.get(id);
    if (change) change.to = value;
  }

  /** @param {number} id */
  end(id) {
    const change = this.open.get(id);
    this.open.delete(id);
    if (change) this.push([change]);
  }

  /** Several at once are one step. @param {Change[]} changes */
  push(changes) {
    const real = changes.filter(({ from, to }) => from !== to && Number.isFinite(from) && Number.isFinite(to));
    if (real.length === 0) return;
    this.past.push(real);
    if (this.past.length > STEPS) this.past.shift();
    this.future = [];
  }

  /** @returns {Wish[]} */
  undo() {
    this.settle();
    return this.move(this.past, this.future).map(({ id, from }) => ({ id, value: from }));
  }

  /** @returns {Wish[]} */
  redo() {
    this.settle();
    return this.move(this.future, this.past).map(({ id, to }) => ({ id, value: to }));
  }

  /** @param {Change[][]} from @param {Change[][]} to */
  move(from, to) {
    const step = from.pop();
    if (step) to.push(step);
    return step ?? [];
  }
}
