/** The server's films: what can be asked of them. */

import { Away, Problem, authorization, call, getBlob, getJson } from "./api.js";

const at = (id, what = "") => `v1/films/${id}${what}`;
const put = async (path, json) => (await call(path, { method: "PUT", json })).json();

/** All films of this server, and whether it takes any. */
export const list = () => getJson("v1/films");
export const show = (id) => getJson(at(id));
export const shots = (id) => getJson(at(id, "/shots"));
export const thumbnail = (id, shot) => getBlob(at(id, `/shots/${shot}/thumbnail`));
/** The light of a frame, a grey PNG. @returns {Promise<Blob>} */
export const frame = (id, index) => getBlob(at(id, `/frame?frame=${index}`));
export const edits = (id) => getJson(at(id, "/edits"));
export const choices = (id) => getJson(at(id, "/choices"));
export const saveEdits = (id, json) => put(at(id, "/edits"), json);
export const saveChoices = (id, json) => put(at(id, "/choices"), json);
/** Both, by requests that outlive the page. */
export function leave(id, known, choices) {
  for (const [what, json] of [["/edits", known], ["/choices", choices]]) {
    const headers = { "Content-Type": "application/json", ...authorization() };
    fetch(at(id, what), { method: "PUT", headers, body: JSON.stringify(json), keepalive: true }).catch(() => {});
  }
}
export const start = (id, restart) => put(at(id, "/job"), { restart });
export const lookAgain = (id) => put(at(id, "/reading"), {});
export const stop = async (id) => (await call(at(id, "/job"), { method: "DELETE" })).json();
export const askClip = (id, wanted) => put(at(id, "/clip"), wanted);
export const clip = (id) => getBlob(at(id, "/clip"));
export const remove = (id) => call(at(id), { method: "DELETE" });

/**
 * Sends a film. XMLHttpRequest, since fetch does not say how far it is.
 * @param {File} file @param {(share: number) => void} progress @param {AbortSignal} signal
 */
export function send(file, progress, signal) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", `v1/films?${new URLSearchParams({ name: file.name })}`);
    request.responseType = "json";
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / Math.max(1, total));
    request.onload = () => (request.status === 201 ? done(request.response) : fail(new Problem(request.status, request.response ?? {})));
    // A server that refuses a large body hangs up; whether it lives is asked at once.
    request.onerror = () => list().then(({ max_bytes: most }) => fail(file.size > most ? new Problem(413, { type: "/problems/too-large" }) : new Away()), fail);
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
