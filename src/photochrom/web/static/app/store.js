/**
 * IndexedDB: photographs, reference pictures and edits outlive a reload, a crash and a server's end, until the user removes them.
 * Three tables: `photos` (files, written once), `work` (edits, written at every change) and `previews` (what was seen last).
 */

const TABLES = ["photos", "work", "previews"];

let database = null;
let warned = () => {};

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
  if (!database) return;
  try {
    await promised(action(database.transaction(table, "readwrite").objectStore(table)));
  } catch {
    warned();
  }
}

/** @param {import("./app.js").Photo} photo */
export const savePhoto = ({ id, name, blob, refs }) => write("photos", (table) => table.put({ id, name, blob, refs }));

/** @param {import("./app.js").Photo} photo */
export const saveWork = ({ id, history }) => write("work", (table) => table.put({ id, history }));

/** @param {import("./app.js").Photo} photo */
export const savePreviews = ({ id, size, before, after }) => write("previews", (table) => table.put({ id, size, before, after }));

export async function removePhoto(id) {
  for (const name of TABLES) await write(name, (table) => table.delete(id));
}

/** Everything that was kept, in the order in which it was added. */
export async function loadAll() {
  if (!database) return [];
  const [photos, ...more] = await Promise.all(TABLES.map((name) => promised(database.transaction(name).objectStore(name).getAll())));
  const found = new Map(photos.map((photo) => [photo.id, photo]));
  for (const row of more.flat()) if (found.has(row.id)) Object.assign(found.get(row.id), row);
  return photos.sort((a, b) => (a.id < b.id ? -1 : 1));
}
