// What the page makes of crashes, refusals, findings, warnings, advice and the guard.

import { Audit } from "../static/components/audit.js";
import { Health } from "../static/components/health.js";
import { GenerationHistory } from "../static/components/history.js";
import { Notices } from "../static/components/notices.js";
import { el } from "../static/lib/dom.js";
import { signal } from "../static/lib/format.js";
import { Model } from "../static/lib/model.js";
import { equal, test } from "./harness.js";
import { RELOADED, TROUBLES } from "./stage-trouble.js";

/** A model that has heard these, with the notices of it. @param {any[]} events */
function told(events) {
  const model = new Model();
  model.connected("connected");
  for (const event of [RELOADED, ...events]) model.event(event);
  const root = el("div");
  const notices = new Notices(root);
  notices.draw(model);
  /** @param {string} selector */
  const words = (selector) => root.querySelector(selector)?.textContent ?? null;
  return { model, root, notices, words };
}

test("a crash is told with its signal, its place and its stack, and who plays on", () => {
  const { model, root, notices, words } = told(TROUBLES.crash);
  equal(words("#fault strong"), "Crash (SIGSEGV, segmentation fault) in generation 3 – generation 2 plays on.");
  equal(words("#fault > .place-of .place-link"), "src/delay.rs:47");
  equal([words("#fault summary"), root.querySelectorAll("#fault .stack li").length], ["Stack, 5 calls", 5]);
  equal(root.querySelector("#fault .stack [data-own]")?.textContent, "tape_drive::delay::Line::read src/delay.rs:47");
  equal([model.generation, model.faulted, model.trouble()], [2, false, "crash"]);
  equal([...root.querySelectorAll("#fault .stack-foreign")].map(({ textContent }) => textContent), ["core/src/ptr/mod.rs:1703", "retake-sdk-0.1.0/src/clap.rs:340"], "not to be edited");
  /** @type {any[]} */
  const opened = [];
  root.addEventListener("open", (event) => opened.push(/** @type {CustomEvent} */ (event).detail));
  /** @type {HTMLElement} */ (root.querySelector("#fault .stack [data-own] .place-link")).click();
  equal(opened.map(({ file, line }) => [file, line]), [["src/delay.rs", 47]]);
  // The state that follows says that all is well with the standby; the report stays, and as it stood.
  const details = /** @type {HTMLDetailsElement} */ (root.querySelector("#fault details"));
  details.open = true;
  model.state({ reload: "Running", generation: 2, bypass: false, mute: false, faulted: false });
  model.event(TROUBLES.howl[1]);
  notices.draw(model);
  equal([root.querySelector("#fault details") === details, details.open, root.children.length], [true, true, 2]);
  model.event({ ...RELOADED, generation: 5 });
  notices.draw(model);
  equal(words("#fault"), null, "new code sounds");
});

test("a fault of the one that is heard goes with it; a status tells both", () => {
  const { model } = told([{ ...TROUBLES.crash[0], action: "bypassed" }]);
  equal([model.faulted, model.trouble()], [true, "crash"]);
  model.state({ reload: "Running", generation: 3, bypass: false, mute: false, faulted: false });
  equal(model.fault, null);
  equal([signal(6), signal(99), signal(null)], ["SIGABRT, abort", "signal 99", ""]);
});

test("a refusal says why, with what was played, and what plays on", () => {
  const { words, root } = told(TROUBLES.refused);
  equal(words("#reload-refused strong"), "Reload refused.");
  equal(words("#reload-refused p span"), "the replay of the last 2.0 s is louder than +24 dBFS: +61.3 dBFS – Generation 3 plays on.");
  equal([...root.querySelectorAll("#reload-refused .findings li")].map(({ textContent }) => textContent), [
    "peak, replay +61.3 dBFS", "non finite, impulse 312 samples are not finite", "over budget the longest block took 143 % of its time",
  ]);
  const quarantined = { ...TROUBLES.refused[0], file: null, line: null, message: "this build hung before", findings: [{ signal: null, kind: "quarantined", message: "this build hung before" }] };
  equal([told([quarantined]).words("#reload-refused p span"), told([quarantined]).words(".findings")], ["this build hung before – Generation 3 plays on.", null], "not twice");
});

test("what a reload warns of and advises is told, quieter, and can be put away", () => {
  const { model, words, root, notices } = told(TROUBLES.warned);
  equal(words("#reload-warnings p"), "Generation 3 plays, with a warning: peak, full scale: +30.1 dBFS");
  equal([words("#advice p"), root.querySelector("#advice")?.getAttribute("role")], ["The build could be faster: ld links for 1.9 s: with mold or lld it takes 0.3 s (1.60 s) · lto = true in [profile.dev] optimises across crates at every save", "status"]);
  /** @type {HTMLElement} */ (root.querySelector("#advice .notice-close")).click();
  model.event({ ...TROUBLES.warned[0], generation: 4, t: 80 });
  notices.draw(model);
  equal([words("#advice"), words("#reload-warnings strong")], [null, "Generation 4 plays, with a warning:"], "the same advice is not given twice");
  model.event({ ...TROUBLES.warned[0], generation: 5, advice: TROUBLES.warned[0].advice.slice(1) });
  notices.draw(model);
  equal(words("#advice strong"), "The build could be faster:", "another one is");
});

test("a howl mutes, says so, and goes with the mute", () => {
  const { model, root, notices, words } = told(TROUBLES.howl);
  equal(words("#guard-howl strong"), "Feedback: the output is muted.");
  equal(words("#guard-limiter"), null, "counted, not told");
  /** @type {any[]} */
  const wishes = [];
  root.addEventListener("mute", (event) => wishes.push(/** @type {CustomEvent} */ (event).detail));
  /** @type {HTMLElement} */ (root.querySelector("#guard-howl button")).click();
  equal(wishes, [{ on: false }]);
  model.state({ reload: "Running", generation: 3, bypass: false, mute: false, faulted: false });
  notices.draw(model);
  equal(words("#guard-howl"), null);
  equal(model.journal.slice(-2).map(({ message }) => message.slice(0, 40)), ["guard, limiter: the output is held below", "guard, howl: the speaker feeds the micro"]);
});

test("the audit has a line per place, the most frequent first, and an unfolded stack stays", () => {
  const root = el("section", { id: "trial" });
  const tab = el("button", { id: "trial-tab" }, "Audit");
  document.body.append(tab, root);
  const audit = new Audit(root);
  const { model } = told([]);
  audit.draw(model);
  equal([audit.none.hidden, audit.list.hidden, tab.textContent], [false, true, "Audit"]);
  equal(audit.none.textContent?.startsWith("No findings"), true);
  model.auditLack = "only Linux lets a program see what a plugin calls";
  audit.draw(model);
  equal(audit.none.textContent, "There is no audit: only Linux lets a program see what a plugin calls.");
  model.auditLack = null;
  model.event(TROUBLES.audit[0]);
  audit.draw(model);
  equal([audit.none.hidden, tab.textContent, tab.dataset.alarm], [true, "Audit 3", "true"]);
  const rows = () => [...audit.list.children].map((row) => [".audit-what code", ".audit-rate", ".audit-where"].map((part) => row.querySelector(part)?.textContent));
  equal(rows(), [
    ["malloc", "375 a second, 18\u202f240 in all", "tape_drive::delay::Line::grow src/delay.rs:29"],
    ["pthread_mutex_lock", "less than one a second, 52 in all", "tape_drive::Shared::update src/shared.rs:12"],
    ["write", "not any more, 1 in all", " place not known"],
  ]);
  const details = /** @type {HTMLDetailsElement} */ (audit.list.querySelector("details"));
  details.open = true;
  model.event({ ...TROUBLES.audit[0], findings: TROUBLES.audit[0].findings.map((/** @type {any} */ finding) => ({ ...finding, n: finding.n + 1 })) });
  audit.draw(model);
  equal([audit.list.querySelector("details") === details, rows()[2][1]], [true, "not any more, 2 in all"]);
  model.event({ ...RELOADED, generation: 4 });
  model.event(TROUBLES.audit[0]);
  audit.draw(model);
  equal([audit.none.hidden, tab.textContent], [false, "Audit"], "an old generation's findings are not the new one's");
  tab.remove();
  root.remove();
});

test("the health says where the plugin runs and what that lacks; the history, who took over", () => {
  const root = el("section");
  const health = new Health(root);
  const { model } = told(TROUBLES.crash);
  const facts = () => [...root.querySelectorAll("#isolation > div")].map(({ textContent }) => textContent);
  health.draw(model);
  equal([facts(), root.querySelector("#faults summary")?.textContent], [[], "Stack, 5 calls"], "not known yet");
  model.isolation = { mode: "process", pid: 7, pinned: 1, priority: 10, lacks: [] };
  health.draw(model);
  equal(facts(), ["Process of its own7", "Corepinned to 1", "Priorityreal-time 10"]);
  model.isolation = { mode: "in-process", pid: null, pinned: null, priority: null, lacks: ["a process of its own"] };
  health.draw(model);
  equal(facts(), ["Processthe server's own: a crash ends both", "Lacksa process of its own"]);
  const past = el("section");
  new GenerationHistory(past).draw(model);
  equal(past.querySelector(".generation-body")?.textContent, "plays on instead of generation 3");
});
