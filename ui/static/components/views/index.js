// The views that the page has, in the order of the deck's bar.

import { GoniometerView } from "./goniometer.js";
import { ProbesView } from "./probe-lanes.js";
import { ScopeView } from "./scope.js";
import { SpectrogramView } from "./spectrogram.js";
import { SpectrumView } from "./spectrum.js";

export const createViews = () => [new SpectrumView(), new SpectrogramView(), new ScopeView(), new GoniometerView(), new ProbesView()];
