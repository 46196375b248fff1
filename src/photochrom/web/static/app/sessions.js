/** A photograph at the server: opened when it is first needed, and again, silently, when the server has forgotten it. */

import { app, emit } from "./app.js";
import { Problem, call, getBlob, getJson } from "./api.js";
import { picturesOf, toWire } from "./edits.js";
import { frame } from "./film_api.js";

/** @typedef {import("./app.js").Photo} Photo */

const opening = new WeakMap();

/**
 * Does something with a photograph's session. `job` gets the session and its address; it is done again where the server answers
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

/** Opens a photograph; reference pictures are sent when edits first need them. */
function open(photo) {
  if (!opening.has(photo)) {
    opening.set(photo, start(photo).finally(() => opening.delete(photo)));
  }
  return opening.get(photo);
}

async function start(photo) {
  const form = new FormData();
  photo.blob ??= await frame(photo.film.id, photo.frame);
  form.append("picture", photo.blob, photo.name);
  const session = await getJson("v1/sessions", { form });
  session.refs = new Map();
  session.sending = new Map();
  photo.session = session;
  photo.size = { width: session.width, height: session.height };
  if (photo === app.active) emit("session");
  return session;
}

async function sendReference(session, picture) {
  const form = new FormData();
  form.append("picture", picture.blob, picture.name);
  try {
    const { id } = await getJson(`v1/sessions/${session.id}/references`, { form });
    session.refs.set(picture.id, id);
  } catch (error) {
    // It is the reference that the server cannot use, not the photograph.
    if (error instanceof Problem && error.field === "picture") error.field = "references";
    throw error;
  } finally {
    session.sending.delete(picture.id);
  }
}

/** Sends the pictures that edits take colours from and that the server does not have. */
async function sendNeeded(photo, session, edits) {
  for (const picture of photo.refs) {
    if (session.refs.has(picture.id) || !picturesOf(edits).includes(picture.id)) continue;
    if (!session.sending.has(picture.id)) session.sending.set(picture.id, sendReference(session, picture));
    await session.sending.get(picture.id);
  }
}

/** Lets the server forget a reference picture. @param {Photo} photo @param {import("./app.js").Picture} picture */
export function dropReference(photo, { id }) {
  const known = photo.session?.refs.get(id);
  photo.session?.refs.delete(id);
  if (known) call(`v1/sessions/${photo.session.id}/references/${known}`, { method: "DELETE" }).catch(() => {});
}

/** POST of edits and more, as JSON. */
const ask = (photo, what, edits, more, signal) => withSession(photo, async (session, base) => {
  await sendNeeded(photo, session, edits);
  return call(`${base}/${what}`, { json: { edits: toWire(edits, session.refs), ...more }, signal });
});

/** The painted picture, at most `size` pixels long; `view` crops. @returns {Promise<Blob>} */
export const paint = async (photo, edits, { size, view = null, signal = undefined }) =>
  (await ask(photo, "paint", edits, { size, view }, signal)).blob();
/** The part of the photograph that `geometry` makes the picture, as its file shows it, with a tint where it has one; `view` crops. @returns {Promise<Blob>} */
export const scan = (photo, geometry, { size, view = null, signal = undefined }) => withSession(photo, (_, base) => {
  const { crop, ...turn } = geometry ?? {};
  return getBlob(`${base}/scan?${new URLSearchParams({ size, ...turn, ...(crop ? { crop: crop.join(",") } : {}), ...view })}`, { signal });
});
export const confidence = async (photo, edits, size, signal) => (await ask(photo, "confidence", edits, { size }, signal)).blob();
/** Ranked colours for a place. @returns {Promise<{color: string, name: string, share: number, lab: [number, number, number]}[]>} */
export const colors = async (photo, edits, { x, y }) => (await ask(photo, "colors", edits, { x, y, count: 8 })).json();
/** Places worth a click, best first. @returns {Promise<{x: number, y: number, gain: number, colors: Object[]}[]>} */
export const suggestions = async (photo, edits, count) => (await ask(photo, "suggestions", edits, { count })).json();
export const alternatives = async (photo, edits, seed) => (await ask(photo, "alternatives", edits, { count: 4, seed })).json();
/** The mask of the object that a question asks for: a `box`, `scribbles`, or scribbles that edit a `mask`. */
export const grow = (photo, question) => withSession(photo, async (_, base) => (await (await call(`${base}/grow`, { json: question })).json()).mask);
/** The finished file. @returns {Promise<Response>} */
export const result = (photo, edits, format) => ask(photo, "result", edits, { format });
export const sidecar = (photo, edits) => ask(photo, "sidecar", edits);
/** Before and after in one file: `kind` is "side" (a JPEG) or "slider" (a moving WebP). @returns {Promise<Blob>} */
export const comparison = async (photo, edits, kind) => (await ask(photo, "comparison", edits, { kind })).blob();

/**
 * The edits of a sidecar file, as the server reads them for this photograph, and the pictures that they name and are not here.
 * @returns {Promise<{edits: Object, swatches: string[], missing_references: {path: string, sha256: string}[]}>}
 */
export function readSidecar(photo, file) {
  return withSession(photo, async (session, base) => {
    for (const picture of photo.refs) {
      // One that cannot be used is then among the missing ones.
      if (!session.refs.has(picture.id)) await sendReference(session, picture).catch((error) => { if (!(error instanceof Problem)) throw error; });
    }
    const form = new FormData();
    form.append("sidecar", file, "edits.json");
    return getJson(`${base}/edits`, { form });
  });
}

/**
 * What colours look like at a place, in its light: names, #rrggbb, or [L*, a*, b*]. Throws Problem where nobody knows one.
 * @param {{x: number, y: number}|{mask: Object}} place @returns {Promise<{color: string, lab: [number, number, number]}[]>}
 */
export const swatches = (photo, { x, y, mask }, colors) => withSession(photo, async (_, base) =>
  (await call(`${base}/swatches`, { json: { ...(mask ? { mask } : { x, y }), colors } })).json());

/**
 * What the colours of another photograph say about this one.
 * @returns {Promise<{hint: {x: number, y: number, reach: string, strength: number}, index: number, swatch: string, sureness: number}[]>}
 */
export const proposals = (photo, now, source, given) => withSession(source, (taught) => withSession(photo, async (session, base) => {
  const edits = toWire({ ...now, references: [], regions: now.regions.filter(({ ref }) => !ref), palette: null }, session.refs);
  const { hints, rotate, straighten, crop } = toWire(given, taught.refs);
  return (await call(`${base}/proposals`, { json: { edits, like: [{ session: taught.id, edits: { hints, rotate, straighten, crop } }] } })).json();
}));

/** Lets the server forget a photograph; where that fails it does so by itself after an hour. */
export function forget(photo) {
  if (photo.session) call(`v1/sessions/${photo.session.id}`, { method: "DELETE" }).catch(() => {});
  photo.session = null;
}
