/** Saving: the picture in full resolution, the edits, or both; and reading edits back. */

import { app, emit } from "./app.js";
import { sentence } from "./api.js";
import { $, announce, counted, toast } from "./dom.js";
import { commit, fromWire } from "./edits.js";
import * as sessions from "./sessions.js";
import { chooseReference } from "./references.js";

const EXTENSIONS = { jpeg: "jpg", png: "png", tiff: "tif", webp: "webp" };

const stemOf = (name) => name.replace(/\.[^.]*$/, "") || "photograph";

/** Hands a file to the browser. */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** The name of a finished file: the input's, and what it now is. */
function nameOf(photo, format, type) {
  const own = /\.([^.]+)$/.exec(photo.name)?.[1];
  const extension = format === "same" ? own ?? EXTENSIONS[type.split("/")[1]] ?? "png" : EXTENSIONS[format];
  return `${stemOf(photo.name)}_color.${extension}`;
}

async function savePicture(photo, format) {
  const response = await sessions.result(photo, photo.history.edits, format);
  const blob = await response.blob();
  download(blob, nameOf(photo, format, blob.type));
}

async function saveEdits(photo) {
  const response = await sessions.sidecar(photo, photo.history.edits);
  download(await response.blob(), `${stemOf(photo.name)}.photochrom.json`);
}

export function startSave() {
  const menu = $("#save-menu");
  const button = $("#save");

  function open(on) {
    menu.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    if (on) $("#save-picture").focus();
  }

  /** One of the ways to save, told while it lasts and when it is done. */
  async function run(photos, jobs) {
    open(false);
    const format = $("#format").value;
    document.body.classList.add("saving");
    button.disabled = true;
    try {
      for (const [i, photo] of photos.entries()) {
        toast(photos.length > 1 ? `Saving ${i + 1} of ${photos.length}: ${photo.name}` : `Saving ${photo.name} in full resolution …`, { stay: true });
        for (const job of jobs) await job(photo, format);
      }
      toast(photos.length > 1 ? `${counted(photos.length, "photograph")} saved.` : "Saved.");
      announce("Saved.");
    } catch (error) {
      toast(`Not saved: ${sentence(error)}`, { kind: "error", action: "Try again", act: () => run(photos, jobs) });
    }
    document.body.classList.remove("saving");
    button.disabled = false;
  }

  const one = (...jobs) => () => app.active?.status === "ready" && run([app.active], jobs);
  button.addEventListener("click", () => open(menu.hidden));
  $("#save-picture").addEventListener("click", one(savePicture));
  $("#save-edits").addEventListener("click", one(saveEdits));
  $("#save-both").addEventListener("click", one(savePicture, saveEdits));
  $("#save-all").addEventListener("click", () => run(app.photos.filter(({ status }) => status === "ready"), [savePicture]));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    open(false);
    button.focus();
  });
  document.addEventListener("pointerdown", (event) => !menu.hidden && !event.target.closest("#save-menu, #save") && open(false));
  return { savePicture: one(savePicture) };
}

/** Takes the edits of a sidecar for the active photograph. @param {File} file */
export async function loadSidecar(file) {
  const photo = app.active;
  if (!photo || photo.status !== "ready") {
    toast("Open the photograph first, then its edits.", { kind: "error" });
    return;
  }
  try {
    const { edits: wire, missing_references: missing = [] } = await sessions.readSidecar(photo, file);
    const serverIds = new Map([...photo.session.refs].map(([here, there]) => [there, here]));
    const found = (id) => {
      const ref = serverIds.get(id);
      return { ref, name: photo.refs.find((one) => one.id === ref)?.name ?? "picture" };
    };
    const read = fromWire(wire, found);
    photo.history = commit(photo.history, read);
    if (photo === app.active) emit("edits");
    if (missing.length) {
      const name = String(missing[0].path).split(/[\\/]/).pop();
      toast(`These edits take colours from “${name}”, which is not here.`, {
        kind: "error", action: "Choose it", act: () => chooseReference(() => loadSidecar(file)),
      });
    } else toast(`Edits of ${file.name} loaded: ${counted(read.spots.length + read.regions.length, "colour")}.`, { action: "Undo", act: () => $("#undo").click() });
  } catch (error) {
    toast(`${file.name} was not loaded: ${sentence(error)}`, { kind: "error" });
  }
}
