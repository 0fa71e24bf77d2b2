// A server that is not there: a WebSocket of the page's own, with a plugin that takes everything.

/** @type {Record<string, any>} */
const BASE = {
  group: "", step: null, unit: null, taper: "linear", skew: null, choices: null, flags: ["automatable"],
};

/** @param {Record<string, any>} more */
export const param = (more) => ({ ...BASE, value: more.default, text: String(more.default), ...more });

export class FakeServer {
  /** @param {{ params: any[], presets: any[], status?: object, probes?: object }} plugin */
  constructor({ params, presets, status = {}, probes = { meters: [], probes: [] } }) {
    this.params = params;
    this.presets = presets;
    /** @type {[string, any][]} what was asked, oldest first */
    this.asked = [];
    /** @type {FakeSocket|null} */
    this.line = null;
    this.probed = probes;
    /** The newest snapshot, for each credit. @type {(() => ArrayBuffer)|null} */
    this.snapshot = null;
    /** @type {Record<string, any>} */
    this.state = { ...STATUS, ...status };
    /** @type {Record<string, (params: any) => any>} */
    this.methods = {
      status: () => this.state,
      params: () => this.params,
      presets: () => ({ presets: this.presets }),
      probes: () => this.probed,
      set_param: ({ id, value }) => this.set(id, value),
      text_to_value: ({ text }) => (Number.isFinite(parseFloat(text)) ? { value: parseFloat(text) } : refusal(-32602, `no value in “${text}”`)),
      save_preset: ({ name }) => this.keep(name, [...this.presets.filter((preset) => preset.name !== name), { name, modified: 0 }]),
      delete_preset: ({ name }) => this.keep(name, this.presets.filter((preset) => preset.name !== name)),
      recall_preset: ({ name }) => {
        if (name === "broken") return refusal(-32001, "the preset is corrupt");
        // A block carries the values, after the answer.
        const values = this.presets.find((preset) => preset.name === name)?.values ?? {};
        setTimeout(() => Object.entries(values).forEach(([id, value]) => this.set(Number(id), value)), 20);
        return { name };
      },
      reset_params: () => {
        this.params.forEach(({ id, default: value }) => this.set(id, value));
        return {};
      },
      note: () => ({}),
      gesture: () => ({}),
    };
  }

  /** From now on every WebSocket of this page is this server's. */
  install() {
    const server = this;
    globalThis.WebSocket = /** @type {any} */ (class extends FakeSocket {
      constructor() {
        super(server);
      }
    });
  }

  /** @param {number} id @param {number} value */
  set(id, value) {
    const info = this.params.find((info) => info.id === id);
    if (!info) return refusal(-32602, "no such parameter");
    if (value < info.min || value > info.max) return refusal(-32602, `out of range: ${info.min} to ${info.max}`);
    Object.assign(info, { value, text: info.choices?.[value - info.min] ?? String(value) });
    this.notify("param", { id, value, text: info.text, frame: 0 });
    return { id, value };
  }

  /** @param {string} name @param {any[]} presets */
  keep(name, presets) {
    this.presets = presets;
    this.notify("presets_changed", {});
    return { name };
  }

  /** @param {string} method @param {any} params */
  notify(method, params) {
    this.line?.say({ jsonrpc: "2.0", method, params });
  }

  /** What was asked of this method. @param {string} method @returns {any[]} */
  of(method) {
    return this.asked.filter(([name]) => name === method).map(([, params]) => params);
  }
}

/** @param {number} code @param {string} message */
const refusal = (code, message) => ({ refusal: { code, message } });

const STATUS = {
  plugin: { id: "org.example.fake", name: "Fake", version: "1.0" }, generation: 1, reload: "Running", last_reload: null,
  audio: null, build: null, fault: null, refused: null, device: null, bypass: false, mute: false, muted_at_start: false,
  counters: null, load: { mean: 0, p99: 0, max: 0 }, plugin_takes_notes: true, bpm: 120,
};

class FakeSocket extends EventTarget {
  static OPEN = 1;

  /** @param {FakeServer} server */
  constructor(server) {
    super();
    this.server = server;
    this.readyState = 0;
    server.line = this;
    setTimeout(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    });
  }

  /** @param {string|Uint8Array} data */
  send(data) {
    if (typeof data !== "string") return this.credit();
    const { id, method, params } = JSON.parse(data);
    this.server.asked.push([method, params]);
    setTimeout(() => {
      const answer = this.server.methods[method]?.(params) ?? refusal(-32601, "unknown method");
      this.say(answer.refusal ? { id, error: answer.refusal } : { id, result: answer });
    });
  }

  credit() {
    const { snapshot } = this.server;
    if (snapshot) setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data: snapshot() })));
  }

  /** @param {object} message */
  say(message) {
    if (this.readyState === 1) this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  close() {
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }
}
