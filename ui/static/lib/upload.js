// Sends a file's bytes to the server (PROTOCOL.md, "Sources"): the server never opens a path that a page
// names. A request that tells how far it is, which `fetch` does not.

/**
 * @param {File} file @param {string} spec how it is to be heard @param {(fraction: number) => void} progress
 * @returns {{ done: Promise<object>, abort: () => void }} done: the source; an Error with the server's words
 */
export function upload(file, spec, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    const words = { name: file.name, spec };
    const query = Object.entries(words).filter(([, word]) => word !== "").map(([key, word]) => `${key}=${encodeURIComponent(word)}`);
    request.open("POST", `/source?${query.join("&")}`);
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(total > 0 ? loaded / total : 0));
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status === 200 && answer) resolve(answer);
      else reject(new Error(answer?.error ?? refusal(request.status)));
    });
    request.addEventListener("error", () => reject(new Error("it could not be sent")));
    request.addEventListener("abort", () => reject(new Error("stopped")));
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {number} status of an answer without words */
function refusal(status) {
  if (status === 403) return "not authorised";
  if (status === 413) return "too large";
  return `the server answers ${status}`;
}
