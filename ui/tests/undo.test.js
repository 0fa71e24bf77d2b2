// Steps back and forth.

import { Undo } from "../static/lib/undo.js";
import { equal, test } from "./harness.js";

/** @param {Undo} undo @param {number} id @param {number} from @param {...number} values */
function gesture(undo, id, from, ...values) {
  undo.begin(id, from);
  for (const value of values) undo.set(id, value);
  undo.end(id);
}

test("a gesture is one step, whatever happened in it", () => {
  const undo = new Undo();
  gesture(undo, 1, 0, 1, 2, 3);
  gesture(undo, 1, 3, 4);
  equal([undo.undo(), undo.undo(), undo.undo()], [[{ id: 1, value: 3 }], [{ id: 1, value: 0 }], []]);
  equal([undo.redo(), undo.redo(), undo.redo()], [[{ id: 1, value: 3 }], [{ id: 1, value: 4 }], []]);
});

test("a hand that moves nothing, or back to where it was, leaves no step", () => {
  const undo = new Undo();
  gesture(undo, 1, 5);
  gesture(undo, 1, 5, 9, 5);
  gesture(undo, 1, NaN, 9);
  equal(undo.past.length, 0);
});

test("a new movement forgets what was taken back", () => {
  const undo = new Undo();
  gesture(undo, 1, 0, 1);
  undo.undo();
  gesture(undo, 2, 0, 7);
  equal([undo.redo(), undo.undo()], [[], [{ id: 2, value: 0 }]]);
});

test("two hands at once are two steps, a reset of all is one", () => {
  const undo = new Undo();
  undo.begin(1, 0);
  undo.begin(2, 0);
  undo.set(1, 1);
  undo.set(2, 2);
  undo.end(1);
  undo.end(2);
  undo.push([{ id: 1, from: 1, to: 0 }, { id: 2, from: 2, to: 0 }, { id: 3, from: 0, to: 0 }]);
  equal([undo.undo(), undo.undo(), undo.undo()], [[{ id: 1, value: 1 }, { id: 2, value: 2 }], [{ id: 2, value: 0 }], [{ id: 1, value: 0 }]]);
});

test("what moves many at once is one step, which ends where the next begins", () => {
  /** @type {Record<number, number>} */
  const values = { 1: 0, 2: 5, 3: 7 };
  const undo = new Undo(() => Object.entries(values).map(([id, value]) => ({ id: Number(id), value })));
  const before = undo.before();
  undo.mark(before);
  equal(undo.steps, 1);
  // The server answers first, the values follow; the plugin has one parameter less.
  Object.assign(values, { 1: 1, 2: 6 });
  delete values[3];
  gesture(undo, 1, 1, 9);
  values[1] = 9;
  equal([undo.undo(), undo.undo(), undo.undo()], [[{ id: 1, value: 1 }], [{ id: 1, value: 0 }, { id: 2, value: 5 }], []]);
  equal(undo.redo(), [{ id: 1, value: 1 }, { id: 2, value: 6 }]);
  undo.mark(undo.before());
  equal([undo.redo(), undo.steps], [[{ id: 1, value: 9 }], 2], "what changed nothing is no step");
});

test("the steps are bounded", () => {
  const undo = new Undo();
  for (let i = 0; i < 1000; i++) gesture(undo, 1, i, i + 1);
  equal([undo.past.length, undo.undo()], [200, [{ id: 1, value: 999 }]]);
});
