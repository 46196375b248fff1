/**
 * IndexedDB: photographs, reference pictures and edits outlive a reload, a crash and a server's end, until the user removes them.
 * Three tables: `photos` (files; `binned` is when one was closed), `work` (edits, written at every change, with a version), and
 * `previews` (what was seen last). Windows of the same browser tell each other what they changed; edits of two that were made
 * at once are joined.
 */

import { emit } from "./app.js";
import { merge, restored } from "./history.js";

const TABLES = ["photos", "work", "previews"];
const DAYS = 30;

let database = null;
let warned = () => {};
const channel = "BroadcastChannel" in window ? new BroadcastChannel("photochrom") : { postMessage() {} };
channel.onmessage = ({ data }) => emit("elsewhere", data);
const tell = (kind, id) => channel.postMessage({ kind, id });

const promised = (request) =>
  new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });

/** Opens the tables. `warn` is called once where the browser keeps nothing (private windows of some). */
export async function openStore(warn) {
  warned = () => { warned = () => {}; warn(); };
  try {
    const request = indexedDB.open("photochrom", 1);
    request.onupgradeneeded = () => {
      for (const table of TABLES) request.result.createObjectStore(table, { keyPath: "id" });
    };
    database = await promised(request);
  } catch {
    warned();
  }
}

async function write(table, action) {
  if (!database) return undefined;
  try {
    const transaction = database.transaction(table, "readwrite");
    // A full disk may show only when the transaction is committed.
    const committed = new Promise((done, fail) => {
      transaction.oncomplete = done;
      transaction.onabort = () => fail(transaction.error);
    });
    committed.catch(() => {});
    const result = await action(transaction.objectStore(table));
    await committed;
    return result;
  } catch {
    warned();
    return undefined;
  }
}

/** @param {import("./app.js").Photo} photo */
export async function savePhoto({ id, name, blob, refs }) {
  await write("photos", (table) => promised(table.put({ id, name, blob, refs })));
  tell("photo", id);
}

/** How many writes of a photograph's edits are on their way. */
export const saving = new Map();

const LEFT = "photochrom-left";

/**
 * What is on its way to the tables when the page is left may never arrive: it goes where writing does not wait, and is taken up at
 * the next visit. @param {import("./app.js").Photo[]} photos
 */
export function keepUnsaved(photos) {
  const rows = photos.filter(({ id, film }) => !film && saving.get(id)).map(({ id, version, history }) => ({ id, version, history }));
  try {
    if (rows.length) localStorage.setItem(LEFT, JSON.stringify(rows));
  } catch {
    // More than fits: the last state without the way back to others.
    const last = rows.map(({ id, version, history: { base, steps, edits } }) => ({ id, version, history: { base, steps, edits, past: [], future: [], key: null } }));
    try {
      localStorage.setItem(LEFT, JSON.stringify(last));
    } catch {
      // then it must arrive
    }
  }
}

/** Writes what an earlier visit could not, unless it arrived after all. */
async function takeUp() {
  const rows = JSON.parse(localStorage.getItem(LEFT) ?? "[]");
  localStorage.removeItem(LEFT);
  for (const { id, version, history } of rows) {
    await write("work", async (table) => {
      const kept = await promised(table.get(id));
      // A later version is another window's. An earlier one: what had been numbered already was not committed.
      if ((kept?.version ?? 0) <= version) await promised(table.put({ id, history, version: version + 1 }));
    });
  }
}

/**
 * Keeps the edits. Where another window has written since, theirs and ours are joined first; then true is returned.
 * @param {import("./app.js").Photo} photo @returns {Promise<boolean>}
 */
export async function saveWork(photo) {
  if (photo.film) return false; // the server keeps it
  const { id } = photo;
  saving.set(id, (saving.get(id) ?? 0) + 1);
  let joined = false;
  await write("work", async (table) => {
    const kept = await promised(table.get(id));
    const version = kept?.version ?? 0;
    if (kept && version !== photo.version) {
      photo.history = merge(photo.history, restored(kept.history));
      joined = true;
    }
    photo.version = version + 1;
    await promised(table.put({ id, history: photo.history, version: photo.version }));
  });
  saving.set(id, saving.get(id) - 1);
  tell("work", id);
  return joined;
}

/** @param {import("./app.js").Photo} photo */
export const savePreviews = ({ id, film, size, before, after, seen, thumbs, alternatives, proposals, refused }) =>
  film || write("previews", (table) => promised(table.put({ id, size, before, after, seen, thumbs, alternatives, proposals, refused })));

/** Puts a photograph into the bin, or takes it out again. */
export async function bin(id, binned) {
  await write("photos", async (table) => {
    const kept = await promised(table.get(id));
    if (kept) await promised(table.put({ ...kept, binned: binned ? Date.now() : undefined }));
  });
  tell("photo", id);
}

/** Deletes a photograph with all that belongs to it. */
export async function removePhoto(id) {
  for (const name of TABLES) await write(name, (table) => promised(table.delete(id)));
  tell("photo", id);
}

/** Writes what `loadOne` gave of a photograph that was deleted since. */
export async function restorePhoto({ id, name, blob, refs, binned, history, version, ...previews }) {
  await write("photos", (table) => promised(table.put({ id, name, blob, refs, binned })));
  await write("work", (table) => promised(table.put({ id, history, version })));
  await write("previews", (table) => promised(table.put({ id, ...previews })));
  tell("photo", id);
}

/** What is kept of one photograph, or null. */
export async function loadOne(id) {
  if (!database) return null;
  const rows = await Promise.all(TABLES.map((name) => promised(database.transaction(name).objectStore(name).get(id))));
  return rows[0] ? Object.assign({}, ...rows.toReversed().filter(Boolean)) : null;
}

/** Everything that was kept, in the order in which it was added; what lay in the bin for a month is deleted. */
export async function loadAll() {
  if (!database) return [];
  await takeUp();
  const [photos, ...more] = await Promise.all(TABLES.map((name) => promised(database.transaction(name).objectStore(name).getAll())));
  const old = (photo) => photo.binned && photo.binned < Date.now() - DAYS * 86400e3;
  photos.filter(old).forEach(({ id }) => removePhoto(id));
  const found = new Map(photos.filter((photo) => !old(photo)).map((photo) => [photo.id, photo]));
  for (const row of more.flat()) if (found.has(row.id)) Object.assign(found.get(row.id), { ...row, binned: found.get(row.id).binned });
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
