/** The photographs that are open, as a strip at the foot, how far the queue is, and the bin of those that were closed. */

import { app, emit, on } from "./app.js";
import { $, fileName, h, icon, toast } from "./dom.js";
import { t } from "./i18n.js";
import { loadAll, loadOne, removePhoto, restorePhoto } from "./store.js";

/** @param {{activate: Function, close: Function, reopen: Function}} queue */
export function startStrip(queue) {
  const strip = $("#strip");

  function card(photo) {
    const active = photo === app.active;
    const waiting = photo.proposals?.length ? `, ${t("album.waiting", { n: photo.proposals.length })}` : "";
    const words = `${t(`queue.${photo.status}`, { why: photo.error })}${waiting}`;
    return h("li", { class: `thumb ${photo.status}`, "data-id": photo.id },
      h("button", {
        type: "button", "aria-current": active ? "true" : "false", "aria-label": `${photo.name}, ${words}`, title: `${photo.name} (${words})`,
        onclick: () => photo === app.active || queue.activate(photo),
      },
      photo.thumb ? h("img", { src: photo.thumb, alt: "" }) : icon(photo.status === "failed" ? "warning" : photo.film ? "film" : "picture"),
      photo.proposals?.length ? h("span", { class: "badge proposals", title: t("album.waiting", { n: photo.proposals.length }) }, String(photo.proposals.length)) : null,
      h("span", { class: "name" }, fileName(photo.name))),
      h("button", { type: "button", class: "icon-button", "aria-label": t("close.one", { name: photo.name }), title: t("close.one", { name: photo.name }), onclick: () => queue.close(photo) }, icon("close")));
  }

  on("queue", () => {
    const many = app.photos.length > 1;
    const pictures = app.photos.filter(({ film }) => !film).length;
    document.body.classList.toggle("many", many);
    strip.replaceChildren(...(many ? app.photos.map(card) : []));
    $('[aria-current="true"]', strip)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const done = app.photos.filter(({ status }) => status === "ready" || status === "failed").length;
    $("#queue-progress").hidden = !many || done === app.photos.length;
    $("#queue-progress progress").max = app.photos.length;
    $("#queue-progress progress").value = done;
    $("#queue-progress span").textContent = t("queue.progress", { done, n: app.photos.length });
    $("#save-all").hidden = pictures < 2;
  });
  on("thumbnail", (photo) => {
    const image = $(`[data-id="${photo.id}"] img`, strip);
    if (image) image.src = photo.thumb;
  });

  // Closed photographs, in the panel and on the welcome page: wherever one may look for them.
  const addresses = [];

  /** Deleted at once, and yet a wrong tap loses nothing: the line that tells it has the photograph still. */
  async function discard(id, name) {
    const kept = await loadOne(id);
    await removePhoto(id);
    emit("bin");
    toast(t("bin.deleted", { name }), { action: t("undo"), act: () => kept && restorePhoto(kept).then(() => emit("bin")) });
  }

  on("bin", async () => {
    const closed = (await loadAll()).filter(({ binned }) => binned).sort((a, b) => b.binned - a.binned);
    addresses.splice(0).forEach((one) => URL.revokeObjectURL(one));
    const row = ({ id, name, after, before }) => {
      const picture = after ?? before;
      if (picture) addresses.push(URL.createObjectURL(picture));
      return h("li", { class: "binned" },
        picture ? h("img", { src: addresses.at(-1), alt: "" }) : icon("picture"),
        h("span", { class: "name", title: name }, fileName(name)),
        h("button", { type: "button", class: "quiet", "aria-label": t("bin.back.one", { name }), onclick: () => queue.reopen(id) }, t("bin.back")),
        h("button", {
          type: "button", class: "icon-button", "aria-label": t("bin.delete", { name }), title: t("bin.delete", { name }),
          onclick: () => discard(id, name),
        }, icon("close")));
    };
    for (const place of document.querySelectorAll(".bin")) {
      place.hidden = !closed.length;
      $("ul", place).replaceChildren(...closed.map(row));
    }
  });
}
