/** A photograph at the server: opened when it is first needed, and again, silently, when the server has forgotten it. */

import { app, emit } from "./app.js";
import { Problem, call, getBlob, getJson } from "./api.js";
import { toWire } from "./edits.js";

/** @typedef {import("./app.js").Photo} Photo */

const opening = new WeakMap();

/**
 * Does something with a photograph's session. `job` gets the session and its address; it is done again where the server says
 * that the session is gone.
 * @template T @param {Photo} photo @param {(session: import("./app.js").Session, base: string) => Promise<T>} job
 */
export async function withSession(photo, job) {
  for (let again = false; ; again = true) {
    const session = photo.session ?? (await open(photo));
    try {
      return await job(session, `v1/sessions/${session.id}`);
    } catch (error) {
      if (again || !(error instanceof Problem && error.sessionGone)) throw error;
      if (photo.session === session) photo.session = null;
    }
  }
}

/** Opens a photograph, and sends the reference pictures that it needs. */
function open(photo) {
  if (!opening.has(photo)) {
    opening.set(photo, start(photo).finally(() => opening.delete(photo)));
  }
  return opening.get(photo);
}

async function start(photo) {
  const form = new FormData();
  form.append("picture", photo.blob, photo.name);
  const session = await getJson("v1/sessions", { form });
  session.refs = new Map();
  for (const picture of photo.refs) await sendReference(session, picture);
  photo.session = session;
  photo.size = { width: session.width, height: session.height };
  if (photo === app.active) emit("session");
  return session;
}

async function sendReference(session, picture) {
  const form = new FormData();
  form.append("picture", picture.blob, picture.name);
  const { id } = await getJson(`v1/sessions/${session.id}/references`, { form });
  session.refs.set(picture.id, id);
}

/** Adds a reference picture to a photograph, if the server takes it. @param {Photo} photo @param {import("./app.js").Picture} picture */
export async function addReference(photo, picture) {
  await withSession(photo, (session) => sendReference(session, picture));
  photo.refs.push(picture);
}

/** POST of JSON; `body` may depend on the session, because the ids of reference pictures do. */
const ask = (photo, what, body, signal) =>
  withSession(photo, (session, base) => call(`${base}/${what}`, { json: typeof body === "function" ? body(session) : body, signal }));

const edited = (edits, more) => (session) => ({ edits: toWire(edits, session.refs), ...more });

/** The painted picture, at most `size` pixels long; `view` crops. @returns {Promise<Blob>} */
export const paint = async (photo, edits, { size, view = null, signal = undefined }) =>
  (await ask(photo, "paint", edited(edits, { size, view }), signal)).blob();
export const original = (photo, size, signal) => withSession(photo, (_, base) => getBlob(`${base}/original?size=${size}`, { signal }));
export const confidence = async (photo, edits, size, signal) => (await ask(photo, "confidence", edited(edits, { size }), signal)).blob();
/** Ranked colours for a place. @returns {Promise<{color: string, name: string, share: number, ab: [number, number]}[]>} */
export const colors = async (photo, edits, { x, y }) => (await ask(photo, "colors", edited(edits, { x, y, count: 8 }))).json();
/** Places worth a click, best first. @returns {Promise<{x: number, y: number, gain: number, colors: Object[]}[]>} */
export const suggestions = async (photo, edits, count) => (await ask(photo, "suggestions", edited(edits, { count }))).json();
export const alternatives = async (photo, edits, seed) => (await ask(photo, "alternatives", edited(edits, { count: 4, seed }))).json();
export const grow = async (photo, box) => (await (await ask(photo, "grow", { box })).json()).mask;
/** The finished file. @returns {Promise<Response>} */
export const result = (photo, edits, format) => ask(photo, "result", edited(edits, { format }));
export const sidecar = (photo, edits) => ask(photo, "sidecar", edited(edits));

/**
 * The edits of a sidecar file, as the server reads them for this photograph, and the pictures that they name and are not here.
 * @returns {Promise<{edits: Object, missing_references: {path: string, sha256: string}[]}>}
 */
export function readSidecar(photo, file) {
  return withSession(photo, (_, base) => {
    const form = new FormData();
    form.append("sidecar", file, "edits.json");
    return getJson(`${base}/edits`, { form });
  });
}

/** The ab of a colour's name. Throws Problem where nobody knows it. */
export async function colourNamed(photo, name) {
  const body = { edits: { hints: [{ x: 0, y: 0, color: name }] } };
  return (await (await ask(photo, "sidecar", body)).json()).hints[0].ab;
}

/** Lets the server forget a photograph; where that fails it does so by itself after an hour. */
export function forget(photo) {
  if (photo.session) call(`v1/sessions/${photo.session.id}`, { method: "DELETE" }).catch(() => {});
  photo.session = null;
}
