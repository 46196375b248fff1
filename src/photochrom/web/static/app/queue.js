/** The photographs that are open: added, coloured one after the other, chosen, removed. Nothing of them is lost by a reload. */

import { app, emit, on } from "./app.js";
import { Away, connection, sentence } from "./api.js";
import { $, announce, counted, h, icon, toast } from "./dom.js";
import { history, newId } from "./edits.js";
import * as sessions from "./sessions.js";
import { loadAll, removePhoto, savePhoto, savePreviews } from "./store.js";

const THUMB = 160;
const PREVIEW = 1280;

/** @param {import("./view.js").View} view @param {{repaint: () => void, stop: () => void}} painter */
export function startQueue(view, painter) {
  const strip = $("#strip");
  const fresh = (more) => ({ refs: [], history: history(), session: null, status: "waiting", error: "", thumb: "", size: null, before: null, after: null, ...more });
  let working = false;

  /** Files become photographs; the first new one is shown. @param {File[]} files */
  async function add(files) {
    const photos = files.map((file) => fresh({ id: newId("photo"), name: file.name || "photograph", blob: file }));
    if (!photos.length) return;
    app.photos.push(...photos);
    emit("queue");
    activate(photos[0]);
    for (const photo of photos) await savePhoto(photo);
    announce(`${counted(photos.length, "photograph")} added.`);
    work();
  }

  /** Shows a photograph: what is known of it at once, the rest as it comes. */
  async function activate(photo) {
    painter.stop();
    app.active = photo;
    app.selected = null;
    show(photo);
    localStorage.setItem("photochrom-active", photo?.id ?? "");
    view.show(photo?.size ?? null);
    emit("photo");
    emit("queue");
    view.draw();
    if (!photo) {
      document.title = "Photochrom";
      return;
    }
    await cached(photo);
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
        status(photo, error instanceof Away ? "waiting" : "failed", error instanceof Away ? "" : sentence(error));
      }
    }
    working = false;
  }

  async function open(photo) {
    status(photo, "opening");
    const before = await sessions.original(photo, PREVIEW);
    if (!app.photos.includes(photo)) return sessions.forget(photo);
    photo.before = before;
    if (photo === app.active) {
      const bitmap = await createImageBitmap(before);
      if (photo === app.active) {
        if (!view.size) view.show(photo.size);
        view.layers.before = bitmap;
        view.draw();
      }
    }
    const small = await sessions.paint(photo, photo.history.edits, { size: THUMB });
    photo.thumb = URL.createObjectURL(small);
    status(photo, "ready");
    savePreviews(photo);
    if (photo === app.active) painter.repaint();
    return undefined;
  }

  /** Tells the style sheets what the stage is for. */
  function show(photo) {
    document.body.dataset.stage = photo ? photo.status : "empty";
    $("#failed-name").textContent = photo?.name ?? "";
    $("#failed-why").textContent = photo?.error ?? "";
    for (const part of [$("#panel"), $(".rail")]) part.inert = photo?.status === "failed";
  }

  function status(photo, state, error = "") {
    Object.assign(photo, { status: state, error });
    if (photo === app.active) show(photo);
    if (state === "failed") {
      announce(`${photo.name}: ${error}`);
      // A file that is no photograph is not kept.
      removePhoto(photo.id);
    }
    emit("queue");
  }

  function remove(photo) {
    const index = app.photos.indexOf(photo);
    app.photos.splice(index, 1);
    sessions.forget(photo);
    removePhoto(photo.id);
    if (photo.thumb) URL.revokeObjectURL(photo.thumb);
    if (photo === app.active) activate(app.photos[Math.min(index, app.photos.length - 1)] ?? null);
    else emit("queue");
  }

  function clear() {
    for (const photo of [...app.photos]) {
      sessions.forget(photo);
      removePhoto(photo.id);
    }
    app.photos.length = 0;
    activate(null);
    toast("All photographs and edits were removed from this browser.");
  }

  function card(photo) {
    const active = photo === app.active;
    const words = { waiting: "waiting", opening: "being coloured", ready: "coloured", failed: `failed: ${photo.error}` }[photo.status];
    return h("li", { class: `thumb ${photo.status}` },
      h("button", { type: "button", "aria-current": active ? "true" : "false", "aria-label": `${photo.name}, ${words}`, title: `${photo.name} (${words})`, onclick: () => photo === app.active || activate(photo) },
        photo.thumb ? h("img", { src: photo.thumb, alt: "" }) : icon(photo.status === "failed" ? "warning" : "picture"),
        h("span", { class: "ellipsis" }, photo.name)),
      h("button", { type: "button", class: "icon-button", "aria-label": `Remove ${photo.name}`, onclick: () => remove(photo) }, icon("close")));
  }

  on("queue", () => {
    const many = app.photos.length > 1;
    document.body.classList.toggle("many", many);
    strip.replaceChildren(...(many ? app.photos.map(card) : []));
    $('[aria-current="true"]', strip)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const done = app.photos.filter(({ status: state }) => state === "ready" || state === "failed").length;
    $("#queue-progress").hidden = !many || done === app.photos.length;
    $("#queue-progress progress").max = app.photos.length;
    $("#queue-progress progress").value = done;
    $("#queue-progress span").textContent = `${done} of ${app.photos.length} coloured`;
    $("#save-all").hidden = !many;
  });
  on("back", work);
  on("painted", (photo) => {
    if (!photo.after) return;
    const old = photo.thumb;
    photo.thumb = URL.createObjectURL(photo.after);
    const image = $('[aria-current="true"] img', strip);
    if (image) image.src = photo.thumb;
    if (old) URL.revokeObjectURL(old);
  });
  $("#failed-remove").addEventListener("click", () => app.active && remove(app.active));
  $("#failed-again").addEventListener("click", () => {
    if (!app.active) return;
    savePhoto(app.active);
    status(app.active, "waiting");
    work();
  });

  /** Waits until the active photograph is coloured, or is known not to be one. */
  const settled = () => new Promise((done) => {
    const look = () => (["waiting", "opening"].includes(app.active?.status) ? setTimeout(look, 100) : done());
    look();
  });

  /** What was here before the page was left. */
  async function restore() {
    for (const kept of await loadAll()) {
      const photo = fresh({ ...kept, status: "waiting" });
      if (photo.after) photo.thumb = URL.createObjectURL(photo.after);
      app.photos.push(photo);
    }
    const last = localStorage.getItem("photochrom-active");
    await activate(app.photos.find(({ id }) => id === last) ?? app.photos[0] ?? null);
  }

  return { add, remove, clear, restore, settled };
}
