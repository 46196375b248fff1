/** The films of the page: brought, found again at the server, removed. */

import { app, emit, on } from "./app.js";
import { Away } from "./api.js";
import { $, announce, toast } from "./dom.js";
import { sentence } from "./faults.js";
import { Film } from "./film.js";
import * as server from "./film_api.js";
import { t } from "./i18n.js";

const NAMES = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|m?ts|m2ts|vob|wmv|flv|mxf|ogv|3gp|dv)$/i;

/** Whether a file is taken for a film. @param {File} file */
export const isFilm = (file) => file.type.startsWith("video/") || NAMES.test(file.name);

const present = () => app.photos.map(({ film }) => film).filter(Boolean);

/** @param {any} queue */
export function startFilms(queue) {
  const dialog = $("#film-dialog");
  let doomed = null;

  /** Files become films; the first new one is shown. @param {File[]} files */
  function add(files) {
    const films = files.map((file) => new Film(queue, { file }));
    if (!films.length) return;
    put(films);
    queue.activate(films[0].photo);
    announce(t("film.added", { n: films.length }));
    films.reduce((before, film) => before.then(() => film.removed || film.open()), Promise.resolve());
  }

  function put(films) {
    app.photos.push(...films.map(({ photo }) => photo));
    emit("queue");
  }

  /** What lies at the server and is not here. `last`: what was shown when the page was left. */
  async function restore(last = "") {
    let found;
    try {
      found = await server.list();
    } catch (error) {
      if (!(error instanceof Away)) toast(sentence(error), { kind: "error" });
      return;
    }
    $("#welcome-films").hidden = !found.available;
    $("#film-folder").textContent = found.folder ? t("film.folder", { folder: found.folder }) : t("film.there");
    const known = present().map(({ id }) => id);
    const films = found.films.filter(({ id }) => !known.includes(id)).map((state) => new Film(queue, { state }));
    put(films);
    const shown = films.find(({ id }) => last.startsWith(`${id}-`)) ?? (app.active ? null : films[0]);
    if (shown) queue.activate(shown.photo);
    if (shown) shown.wanted = Number(last.split("-")[1]) || 0;
    for (const film of films) film.open();
  }

  // Closing a film deletes it at the server; it is asked for.
  function remove(film) {
    if (!film.id && film.photo.status === "failed") return film.remove();
    doomed = film;
    $("#film-title").textContent = t("film.remove", { name: film.name });
    return dialog.showModal();
  }
  dialog.addEventListener("close", () => {
    const film = doomed;
    doomed = null;
    if (film && dialog.returnValue === "remove") film.remove().then(() => toast(t("film.removed", { name: film.name })), (error) => toast(sentence(error), { kind: "error" }));
    dialog.returnValue = "";
  });

  on("edits", () => app.active?.film?.shots && app.active.film.edited());
  on("back", () => {
    for (const film of present()) if (film.id) film.save().then(() => film.watch()).catch(() => {});
    restore();
  });
  on("leave", () => present().forEach((film) => film.leave()));
  on("film-close", remove);
  return { add, restore, clear: () => Promise.allSettled(present().map((film) => film.remove())) };
}
