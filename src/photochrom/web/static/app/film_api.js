/** The server's films: what can be asked of them. */

import { Away, Problem, authorization, call, getBlob, getJson } from "./api.js";

const at = (id, what = "") => `v1/films/${id}${what}`;
const put = async (path, json, more = {}) => (await call(path, { method: "PUT", json, ...more })).json();

/** All films of this server, and whether it takes any. */
export const list = () => getJson("v1/films");
export const show = (id) => getJson(at(id));
export const shots = (id) => getJson(at(id, "/shots"));
export const thumbnail = (id, shot) => getBlob(at(id, `/shots/${shot}/thumbnail`));
/** The light of a frame, a grey PNG. @returns {Promise<Blob>} */
export const frame = (id, index) => getBlob(at(id, `/frame?frame=${index}`));
export const edits = (id) => getJson(at(id, "/edits"));
export const choices = (id) => getJson(at(id, "/choices"));
export const saveEdits = (id, json, more) => put(at(id, "/edits"), json, more);
export const saveChoices = (id, json, more) => put(at(id, "/choices"), json, more);
export const start = (id, restart) => put(at(id, "/job"), { restart });
export const lookAgain = (id) => put(at(id, "/reading"), {});
export const stop = async (id) => (await call(at(id, "/job"), { method: "DELETE" })).json();
export const askClip = (id, wanted) => put(at(id, "/clip"), wanted);
export const clip = (id) => getBlob(at(id, "/clip"));
/** A reference picture that was added. @returns {Promise<{blob: Blob, name: string}>} */
export async function reference(id, path) {
  const response = await call(at(id, `/references/${path}`));
  const [, encoded, plain] = /filename(?:\*=utf-8''([^;]+)|="([^"]+)")/i.exec(response.headers.get("Content-Disposition") ?? "") ?? [];
  return { blob: await response.blob(), name: encoded ? decodeURIComponent(encoded) : plain ?? path };
}
/** Adds one. @returns {Promise<{id: string}>} */
export function addReference(id, { blob, name }) {
  const form = new FormData();
  form.append("picture", blob, name);
  return getJson(at(id, "/references"), { form });
}
export const dropReference = (id, path) => call(at(id, `/references/${path}`), { method: "DELETE" });
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
    request.onabort = () => fail(signal.reason);
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
