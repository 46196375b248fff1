/**
 * IndexedDB: photographs, reference pictures and edits outlive a reload, a crash and a server's end, until the user removes them.
 * Two tables: `photos` (files, written once) and `work` (edits and previews, written at every change).
 */

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
      request.result.createObjectStore("photos", { keyPath: "id" });
      request.result.createObjectStore("work", { keyPath: "id" });
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
export const saveWork = ({ id, history, size, before, after }) =>
  write("work", (table) => table.put({ id, history, size, before, after }));

export async function removePhoto(id) {
  await write("photos", (table) => table.delete(id));
  await write("work", (table) => table.delete(id));
}

/** Everything that was kept, in the order in which it was added. */
export async function loadAll() {
  if (!database) return [];
  const all = (table) => promised(database.transaction(table).objectStore(table).getAll());
  const [photos, works] = await Promise.all([all("photos"), all("work")]);
  const byId = new Map(works.map((work) => [work.id, work]));
  return photos.map((photo) => ({ ...photo, ...byId.get(photo.id) })).sort((a, b) => (a.id < b.id ? -1 : 1));
}
