/** The photographs that are open: added, coloured one after the other, chosen, closed. Nothing of them is lost by a fault. */

import { app, emit, on } from "./app.js";
import { Away, connection } from "./api.js";
import { $, announce, toast } from "./dom.js";
import { newId } from "./edits.js";
import { explain, passing, sentence, undoFaulty } from "./faults.js";
import { history, restored } from "./history.js";
import { t } from "./i18n.js";
import * as sessions from "./sessions.js";
import { bin, loadAll, loadOne, removePhoto, savePhoto, savePreviews, saveWork, saving } from "./store.js";

const THUMB = 160;
const PREVIEW = 1280;
/** Seconds until a photograph that the server could not open for a reason of its own is tried again. */
const AGAIN = 20;

export const fresh = (more) => ({
  refs: [], history: history(), session: null, status: "waiting", error: "", thumb: "", size: null, before: null, after: null, seen: null,
  version: 0, thumbs: new Map(), alternatives: null, ...more,
});
const revived = (kept) => {
  const photo = fresh({ ...kept, status: "waiting", history: restored(kept.history), version: kept.version ?? 0, thumbs: kept.thumbs ?? new Map() });
  if (photo.after ?? photo.before) photo.thumb = URL.createObjectURL(photo.after ?? photo.before);
  return photo;
};

/** @param {import("./view.js").View} view @param {{repaint: () => void, stop: () => void}} painter */
export function startQueue(view, painter) {
  let working = false;

  /** Files become photographs; the first new one is shown. @param {File[]} files */
  async function add(files) {
    const photos = files.map((file) => fresh({ id: newId("photo"), name: file.name || t("photograph"), blob: file }));
    if (!photos.length) return;
    app.photos.push(...photos);
    emit("queue");
    activate(photos[0]);
    for (const photo of photos) {
      await savePhoto(photo);
      await saveWork(photo);
    }
    announce(t("queue.added", { n: photos.length }));
    work();
  }

  /** Shows a photograph: what is known of it at once, the rest as it comes. */
  async function activate(photo) {
    painter.stop();
    app.active = photo;
    app.selected = null;
    show(photo);
    localStorage.setItem("photochrom-active", photo?.id ?? "");
    view.show(photo?.size ?? null, photo?.seen ?? null);
    emit("photo");
    emit("queue");
    view.draw();
    if (!photo) {
      document.title = "Photochrom";
      return;
    }
    await cached(photo).catch(() => {}); // what the browser has lost of it is made again
    if (photo.status === "failed") return;
    if (photo.status === "ready") painter.repaint();
    work();
  }

  /** The previews of an earlier visit. */
  async function cached(photo) {
    if (!photo.before || !photo.size) return;
    const [before, after] = await Promise.all([photo.before, photo.after ?? photo.before].map((blob) => createImageBitmap(blob)));
    if (photo !== app.active || view.layers.after) return;
    Object.assign(view.layers, { before, after: photo.after ? after : null });
    view.draw();
    emit("painted", photo);
  }

  /** Opens and colours what waits, the active one first; one at a time, so that the server is not overrun. */
  async function work() {
    if (working) return;
    working = true;
    for (;;) {
      const waits = (photo) => photo?.status === "waiting";
      const photo = waits(app.active) ? app.active : app.photos.find(waits);
      if (!photo || connection.away) break;
      try {
        await open(photo);
      } catch (error) {
        if (error instanceof Away) status(photo, "waiting");
        else status(photo, "failed", await explain(error, photo.blob, photo.name).catch(() => sentence(error)), passing(error));
      }
    }
    working = false;
  }

  /** A photograph that was closed, or a frame that was left, while it was opened: frames may be shown again. */
  function leave(photo) {
    photo.status = "waiting";
    sessions.forget(photo);
  }

  async function open(photo) {
    status(photo, "opening");
    const { geometry } = photo.history.edits;
    const before = await sessions.scan(photo, geometry, { size: PREVIEW });
    if (!app.photos.includes(photo)) return leave(photo);
    Object.assign(photo, { before, seen: geometry ?? null });
    if (photo === app.active) {
      const bitmap = await createImageBitmap(before);
      if (photo === app.active) {
        if (!view.size) view.show(photo.size, photo.seen);
        view.layers.before = bitmap;
        view.draw();
      }
    }
    const thumb = await small(photo);
    if (!app.photos.includes(photo)) return leave(photo);
    photo.thumb = URL.createObjectURL(thumb);
    status(photo, "ready");
    savePreviews(photo);
    if (photo === app.active) painter.repaint();
    return undefined;
  }

  /** The painted picture, small; where the edits cannot be painted, without the one at fault, or grey. */
  async function small(photo) {
    for (;;) {
      try {
        return await sessions.paint(photo, photo.history.edits, { size: THUMB });
      } catch (error) {
        if (error instanceof Away) throw error;
        if (!(await undoFaulty(photo, error))) return photo.before;
      }
    }
  }

  /** Sets the state of the stage for the style sheets. */
  function show(photo) {
    document.body.dataset.stage = photo ? photo.status : "empty";
    $("#failed-name").textContent = photo?.name ?? "";
    $("#failed-why").textContent = photo?.error ?? "";
    $("#failed-kept").hidden = !photo?.passing;
    for (const part of [$("#panel"), $(".rail")]) part.inert = photo?.status === "failed";
  }

  /** `later`: the server was in trouble, and is asked again after a while. The file and its edits are kept, whatever happens. */
  function status(photo, state, error = "", later = false) {
    Object.assign(photo, { status: state, error, passing: later });
    if (photo === app.active) show(photo);
    if (state === "failed") {
      announce(`${photo.name}: ${error}`);
      if (later) setTimeout(() => photo.status === "failed" && app.photos.includes(photo) && again(photo), AGAIN * 1000);
    }
    emit("queue");
  }

  function again(photo) {
    if (photo.film && photo.frame < 0) return photo.film.again();
    status(photo, "waiting");
    return work();
  }

  /** Puts a frame of a film in the place of another one. */
  function swap(old, photo) {
    const index = app.photos.indexOf(old);
    if (index < 0) return;
    app.photos[index] = photo;
    if (old === app.active) activate(photo);
    else {
      emit("queue");
      work();
    }
  }

  /** Takes a photograph off the page. */
  function drop(photo) {
    const index = app.photos.indexOf(photo);
    if (index < 0) return;
    app.photos.splice(index, 1);
    sessions.forget(photo);
    if (photo.thumb) URL.revokeObjectURL(photo.thumb);
    if (photo === app.active) activate(app.photos[Math.min(index, app.photos.length - 1)] ?? null);
    else emit("queue");
  }

  /** Closes a photograph: it goes to the bin with its edits, and can be had back. */
  async function close(photo) {
    if (photo.film) return emit("film-close", photo.film);
    await saveWork(photo);
    await bin(photo.id, true);
    drop(photo);
    emit("bin");
    return toast(t("bin.closed", { name: photo.name }), { action: t("undo"), act: () => reopen(photo.id), about: "bin" });
  }

  /** Brings a photograph back from the bin, or from another window. */
  async function reopen(id, show = true) {
    await bin(id, false);
    const kept = await loadOne(id);
    if (!kept || app.photos.some((photo) => photo.id === id)) return;
    const photo = revived(kept);
    app.photos.push(photo);
    app.photos.sort((a, b) => (a.id < b.id ? -1 : 1));
    emit("bin");
    if (show || !app.active) await activate(photo);
    else emit("queue");
    work();
  }

  async function clear() {
    const all = await loadAll();
    for (const photo of app.photos) sessions.forget(photo);
    app.photos.length = 0;
    // Before the page is empty: whoever leaves it as soon as it is finds nothing at the next visit.
    for (const { id } of all) await removePhoto(id);
    activate(null);
    emit("bin");
    toast(t("clear.done"));
  }

  // What another window of this browser did.
  on("elsewhere", async ({ kind, id }) => {
    const photo = app.photos.find((one) => one.id === id);
    const kept = await loadOne(id);
    if (!kept || kept.binned) {
      if (photo) {
        drop(photo);
        toast(t("tabs.closed", { name: photo.name }));
      }
      emit("bin");
    } else if (!photo) {
      if (kept.history) reopenHere(kept);
    } else if (kind === "photo") photo.refs = kept.refs;
    else if (kept.version > photo.version && !saving.get(id)) {
      photo.history = restored(kept.history);
      photo.version = kept.version;
      photo.refs = kept.refs;
      if (photo !== app.active) return;
      emit("edits", { elsewhere: true });
      toast(t("tabs.changed"), { about: "tabs" });
    }
  });

  /** A photograph that another window opened. */
  function reopenHere(kept) {
    app.photos.push(revived(kept));
    if (app.active) emit("queue");
    else activate(app.photos[0]);
    work();
  }

  on("back", () => {
    for (const photo of app.photos) if (photo.status === "failed" && photo.passing) status(photo, "waiting");
    work();
  });
  on("painted", (photo) => {
    if (!photo.after) return;
    const old = photo.thumb;
    photo.thumb = URL.createObjectURL(photo.after);
    emit("thumbnail", photo);
    if (old) URL.revokeObjectURL(old);
  });
  $("#failed-remove").addEventListener("click", () => app.active && close(app.active));
  $("#failed-again").addEventListener("click", () => app.active && again(app.active));

  /** Waits until the active photograph is coloured, or is known not to be one. */
  const settled = () => new Promise((done) => {
    const look = () => (["waiting", "opening"].includes(app.active?.status) ? setTimeout(look, 100) : done());
    look();
  });

  /** What was here before the page was left. */
  async function restore() {
    for (const kept of await loadAll()) if (!kept.binned) app.photos.push(revived(kept));
    const last = localStorage.getItem("photochrom-active");
    emit("bin");
    await activate(app.photos.find(({ id }) => id === last) ?? app.photos[0] ?? null);
  }

  return { add, activate, close, reopen, clear, restore, settled, status, swap, drop };
}
