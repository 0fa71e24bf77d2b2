// The page as it looks while music runs through a plugin, without a server: to look at while its
// design is worked on. Open stage.html from disk; ?notes, ?empty, ?many, ?wide, ?mono, ?fail, ?crash, ?refused, ?audit,
// ?warned, ?howl, ?ordinary, ?view=ID, ?tab=ID, ?press=SELECTOR, ?inputs=N and ?sources=N vary it, ?noway measured no round trip, ?still is for a browser on virtual time.

import { server } from "./stage-server.js";
import { TROUBLES } from "./stage-trouble.js";
import "../static/app.js";

for (const mark of document.querySelectorAll("img")) mark.setAttribute("src", "../static/icon.svg");
const wanted = new URLSearchParams(location.search);
for (const [name, events] of Object.entries(TROUBLES)) {
  if (!wanted.has(name)) continue;
  setTimeout(() => events.forEach((event) => {
    if (event.event === "audit") server.state.audit = event.findings;
    if (event.event === "fault") server.state.fault = event;
    if (event.event === "reload_failed") server.state.refused = event;
    if (event.event === "reloaded") Object.assign(server.state, { last_reload: event, advice: event.advice });
    if (event.event === "promoted") server.state.generation = event.generation;
    server.notify("event", event);
    if (event.kind === "howl") server.notify("state", { reload: "Running", generation: 3, bypass: false, mute: true, faulted: false });
  }), 800);
}
const view = wanted.get("view");
if (view) document.querySelector(`[data-view=${view}]`)?.dispatchEvent(new MouseEvent("click"));
const tab = wanted.get("tab");
if (tab) document.querySelector(`#${tab}-tab`)?.dispatchEvent(new MouseEvent("click"));
// What is behind a button: it is pressed once the page has its status.
const press = wanted.get("press");
if (press) setTimeout(() => document.querySelector(press)?.dispatchEvent(new MouseEvent("click")), 800);
if (wanted.has("fail")) {
  setTimeout(() => server.notify("event", {
    event: "build_failed", generation: 4, exit: 101, t: 9,
    diagnostics: [{ file: "src/lib.rs", line: 42, column: 17, level: "error", code: "E0425", message: "cannot find value `drvie` in this scope", rendered: null }],
  }), 500);
}
