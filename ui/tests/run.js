// Runs every test of the page and leaves the result where a driver can read it.

import "./ballistics.test.js";
import "./controls.test.js";
import "./hands.test.js";
import "./layout.test.js";
import "./levels.test.js";
import "./microphones.test.js";
import "./notes.test.js";
import "./page.test.js";
import "./panels.test.js";
import "./inputs.test.js";
import "./instrument.test.js";
import "./parameter.test.js";
import "./poll.test.js";
import "./reports.test.js";
import "./sections.test.js";
import "./sources.test.js";
import "./taper.test.js";
import "./telemetry.test.js";
import "./undo.test.js";
import "./viewdeck.test.js";
import "./views.test.js";
import "./words.test.js";
import { run } from "./harness.js";

const { passed, failures } = await run();
const result = document.createElement("pre");
result.id = "result";
result.dataset.passed = String(passed);
result.dataset.failed = String(failures.length);
result.textContent = failures.length > 0 ? failures.join("\n") : `${passed} tests passed`;
document.body.replaceChildren(result);
