/** Saving: the picture in full resolution, the edits, both, before and after, or all pictures; and reading edits back. */

import { app, emit, on, undoStep } from "./app.js";
import { Away } from "./api.js";
import { saveAlbum } from "./album.js";
import { $, announce, hideToast, toast } from "./dom.js";
import { fromWire } from "./edits.js";
import { sentence } from "./faults.js";
import { commit } from "./history.js";
import { t } from "./i18n.js";
import { chooseReference } from "./references.js";
import * as sessions from "./sessions.js";
import { comparison, copyPicture } from "./share.js";

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
  const name = photo.film?.stillName ?? photo.name;
  const own = /\.([^.]+)$/.exec(name)?.[1];
  const extension = format === "same" ? own ?? EXTENSIONS[type.split("/")[1]] ?? "png" : EXTENSIONS[format];
  return `${stemOf(name)}_color.${extension}`;
}

async function savePicture(photo, format) {
  const blob = await (await sessions.result(photo, photo.history.edits, format)).blob();
  download(blob, nameOf(photo, format, blob.type));
}

async function saveEdits(photo) {
  const blob = photo.film ? await photo.film.sidecar() : await (await sessions.sidecar(photo, photo.history.edits)).blob();
  download(blob, `${stemOf(photo.name)}.photochrom.json`);
}

const saveComparison = (kind) => async (photo) => {
  const { blob, ending } = await comparison(photo, kind);
  download(blob, `${stemOf(photo.name)}_${ending}`);
};

export function startSave() {
  const menu = $("#save-menu");
  const button = $("#save");
  let undone = null;

  function open(on) {
    menu.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    if (on) $("#save-picture").focus();
  }

  /** One of the ways to save, shown while it lasts and when it is done; what failed for want of the server is offered again. */
  async function run(work, during) {
    open(false);
    undone = null;
    document.body.classList.add("saving");
    button.disabled = true;
    try {
      toast(during, { stay: true, about: "save" });
      const message = await work();
      toast(message ?? t("save.done"), { about: "save" });
      announce(t("save.done"));
    } catch (error) {
      if (error.name === "AbortError") hideToast("save");
      else {
        if (error instanceof Away) undone = () => run(work, during);
        toast(t("save.failed", { why: sentence(error) }), { kind: "error", about: "save", action: t("again"), act: () => run(work, during) });
      }
    }
    document.body.classList.remove("saving");
    button.disabled = false;
  }

  on("back", () => {
    if (!undone) return;
    const again = undone;
    undone = null;
    toast(t("save.back"), { about: "save", action: t("save.now"), act: again });
  });

  const one = (...jobs) => () => {
    const photo = app.active;
    if (photo?.status !== "ready") return;
    const format = $("#format").value;
    run(async () => {
      for (const job of jobs) await job(photo, format);
    }, t("save.during", { name: photo.name }));
  };

  function all() {
    const photos = app.photos.filter(({ status, film }) => status === "ready" && !film);
    const format = $("#format").value;
    const files = async (photo) => {
      const response = await sessions.result(photo, photo.history.edits, format);
      const sidecar = await sessions.sidecar(photo, photo.history.edits);
      return [{ name: nameOf(photo, format, response.headers.get("Content-Type") ?? ""), response },
        { name: `${stemOf(photo.name)}.photochrom.json`, response: sidecar }];
    };
    run(async () => {
      const onStep = (i) => toast(t("save.all.during", { i: i + 1, n: photos.length, name: photos[i].name }), { stay: true, about: "save" });
      const { failed } = await saveAlbum(photos, files, { onStep, download });
      if (failed.length === photos.length) throw failed[0].error;
      if (!failed.length) return t("save.all.done", { n: photos.length });
      return t("save.all.some", { n: photos.length - failed.length, names: failed.map(({ photo }) => photo.name).join(", "), why: sentence(failed[0].error) });
    }, t("save.all"));
  }

  button.addEventListener("click", () => open(menu.hidden));
  $("#save-picture").addEventListener("click", one(savePicture));
  $("#save-edits").addEventListener("click", one(saveEdits));
  $("#save-both").addEventListener("click", one(savePicture, saveEdits));
  $("#save-side").addEventListener("click", one(saveComparison("side")));
  $("#save-slider").addEventListener("click", one(saveComparison("slider")));
  $("#save-all").addEventListener("click", all);
  $("#copy-picture").addEventListener("click", () => {
    open(false);
    copyPicture().catch((error) => toast(t("copy.failed", { why: sentence(error) }), { kind: "error" }));
  });
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
    toast(t("load.first"), { kind: "error" });
    return;
  }
  try {
    const { edits: wire, swatches, missing_references: missing = [] } = await sessions.readSidecar(photo, file);
    const serverIds = new Map([...photo.session.refs].map(([here, there]) => [there, here]));
    const found = (id) => {
      const ref = serverIds.get(id);
      return { ref, name: photo.refs.find((one) => one.id === ref)?.name ?? t("picture") };
    };
    const read = fromWire(wire, found, swatches);
    photo.history = commit(photo.history, read);
    if (photo === app.active) emit("edits");
    if (missing.length) {
      const name = String(missing[0].path).split(/[\\/]/).pop();
      toast(t("load.missing", { name }), { kind: "error", action: t("load.choose"), act: () => chooseReference(() => (now) => now, () => loadSidecar(file)) });
    } else toast(t("load.done", { name: file.name, n: read.spots.length + read.regions.length }), { action: t("undo"), act: undoStep });
  } catch (error) {
    toast(t("load.failed", { name: file.name, why: sentence(error) }), { kind: "error" });
  }
}
