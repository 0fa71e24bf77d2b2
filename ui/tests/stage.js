// The page as it looks while music runs through a plugin, without a server: to look at while its
// design is worked on. Open stage.html from disk; ?notes, ?empty and ?fail vary it, ?still is for
// a browser on virtual time.

import { server } from "./stage-server.js";
import "../static/app.js";

for (const mark of document.querySelectorAll("img")) mark.setAttribute("src", "../static/icon.svg");
const wanted = new URLSearchParams(location.search);
if (wanted.has("fail")) {
  setTimeout(() => server.notify("event", {
    event: "build_failed", generation: 4, exit: 101, t: 9,
    diagnostics: [{ file: "src/lib.rs", line: 42, column: 17, level: "error", code: "E0425", message: "cannot find value `drvie` in this scope", rendered: null }],
  }), 500);
}
