// The only module that talks to the server: one WebSocket, JSON-RPC as text, telemetry as binary by
// credit. Connects again for ever; knows nothing of what the messages mean.

/** @import { ConnectionState } from "./types.js" */

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;
const REPLY_MS = 5000;
const CREDIT = new Uint8Array([1]);

/** The wait before the nth attempt in a row, ms: doubles, at most two seconds. @param {number} attempt from 0 */
export const backOff = (attempt) => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));

/** The server's answer to a request was an error, or there was no answer. */
export class RpcError extends Error {
  /** @param {number} code @param {string} message @param {unknown} data */
  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * Events: `connection` (detail: ConnectionState), `notification` (detail: { method, params }),
 * `telemetry` (detail: ArrayBuffer).
 */
export class Socket extends EventTarget {
  /** @param {URL} page the page's own address; the socket is beside it */
  constructor(page) {
    super();
    this.home = new URL("/", page);
    this.url = new URL("/ws", page);
    this.url.protocol = page.protocol === "https:" ? "wss:" : "ws:";
    /** @type {ConnectionState} */
    this.state = "connecting";
    /** @type {WebSocket|null} */
    this.socket = null;
    this.attempt = 0;
    this.owed = false;
    this.nextId = 1;
    /** @type {number|undefined} */
    this.timer = undefined;
    /** @type {Map<number, { resolve: (result: any) => void, reject: (error: RpcError) => void, timer: number }>} */
    this.waiting = new Map();
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => this.retryNow());
  }

  connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.attempt = 0;
      this.owed = false;
      this.enter("connected");
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") return this.text(data);
      this.owed = false;
      this.dispatchEvent(new CustomEvent("telemetry", { detail: data }));
    });
    socket.addEventListener("close", () => this.closed());
  }

  /** A request; rejects with RpcError when refused, unanswered for five seconds, or not connected. @param {string} method @param {object} [params] @returns {Promise<any>} */
  request(method, params = {}) {
    const socket = this.socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new RpcError(0, "not connected", null));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.unanswered(id), REPLY_MS);
      this.waiting.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** Asks for the newest snapshot; at most one is owed at a time. Called once per drawn frame. */
  credit() {
    if (this.owed || this.socket?.readyState !== WebSocket.OPEN) return;
    this.owed = true;
    this.socket.send(CREDIT);
  }

  /** @param {string} data */
  text(data) {
    const message = parse(data);
    if (typeof message?.method === "string") {
      const { method, params } = message;
      this.dispatchEvent(new CustomEvent("notification", { detail: { method, params } }));
      return;
    }
    const waiting = this.waiting.get(message?.id);
    if (!waiting) return;
    this.waiting.delete(message.id);
    clearTimeout(waiting.timer);
    const { error, result } = message;
    if (error) waiting.reject(new RpcError(error.code, error.message, error.data ?? null));
    else waiting.resolve(result);
  }

  /** A server that does not answer is not there, whatever TCP still believes. @param {number} id */
  unanswered(id) {
    this.waiting.get(id)?.reject(new RpcError(0, "no answer", null));
    this.waiting.delete(id);
    this.socket?.close();
  }

  closed() {
    this.socket = null;
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new RpcError(0, "connection lost", null));
    }
    this.waiting.clear();
    if (this.state === "connected") this.enter("reconnecting");
    this.later();
  }

  later() {
    this.timer = setTimeout(() => this.again(), backOff(this.attempt++));
  }

  /** Asks with a plain request first: a browser does not tell a script why a WebSocket failed. */
  async again() {
    this.timer = undefined;
    const status = await this.knock();
    if (status === 200) return this.connect();
    this.enter(status === 403 ? "refused" : "reconnecting");
    this.later();
  }

  /** Someone looks at the page, or the network is back: no reason to wait any longer. */
  retryNow() {
    if (this.timer === undefined || document.hidden) return;
    clearTimeout(this.timer);
    this.again();
  }

  /** What the server says to this page; 0 when nobody answers. @returns {Promise<number>} */
  async knock() {
    try {
      const answer = await fetch(this.home, { method: "HEAD", cache: "no-store", redirect: "error" });
      return answer.status;
    } catch {
      return 0;
    }
  }

  /** @param {ConnectionState} state */
  enter(state) {
    if (this.state === state && state !== "connected") return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("connection", { detail: state }));
  }
}

/** @param {string} data @returns {any} */
function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
