/** Palettes: each with its colours and, once asked for, the photograph in it; or colours of one's own. */

import { app, change, edits, on } from "./app.js";
import { getJson } from "./api.js";
import { $, h } from "./dom.js";
import { latest } from "./painter.js";
import { sentence } from "./faults.js";
import { colorList, colorNames, has, t } from "./i18n.js";
import { attempt, chooseReference } from "./references.js";
import * as sessions from "./sessions.js";

const THUMB = 200;

export function startPalettes(isBusy) {
  const list = $("#palette-list");
  const section = $("#palette-section");
  let palettes = [];
  /** For which edits (without their palette) the thumbnails were made. */
  let made = "";

  const thumbs = latest(async ({ photo, now }, signal) => {
    for (const { name } of palettes) {
      // What the user waits for goes first.
      while (isBusy()) await new Promise((done) => setTimeout(done, 120));
      if (signal.aborted || photo !== app.active) return;
      const blob = await sessions.paint(photo, { ...now, palette: name }, { size: THUMB, signal });
      const image = $(`[data-palette="${CSS.escape(name)}"] img`, list);
      if (!image || photo !== app.active) return;
      URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(blob);
    }
  });

  const titleOf = ({ name, title }) => (has(`palette.${name}`) ? t(`palette.${name}`) : title || name);
  const set = (palette) => change((now) => ({ ...now, palette }));

  function card({ name, title, colors }) {
    return h("li", {}, h("button", {
      type: "button", class: "card", "data-palette": name, "aria-pressed": "false",
      onclick: () => set(edits().palette === name ? null : name),
    }, h("img", { alt: "", width: "96", height: "64" }),
    h("span", { class: "strip" }, colors.map((color) => h("i", { style: { background: color } }))),
    h("span", { class: "name" }, titleOf({ name, title }))));
  }

  async function load() {
    if (palettes.length) return;
    try {
      palettes = await getJson("v1/palettes");
    } catch {
      return; // the banner shows that the server is away; it is asked for again when the server is back
    }
    list.replaceChildren(...palettes.map(card));
    render();
  }

  function render() {
    const now = edits();
    if (!now) return;
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.palette === now.palette));
    const named = palettes.find(({ name }) => name === now.palette);
    const title = named ? titleOf(named) : app.active.refs.find(({ id }) => id === now.palette)?.name;
    $("#palette-none").setAttribute("aria-pressed", String(now.palette === null));
    $("#palette-now").textContent = now.palette ? title ?? t("palette.own.now") : "";
    if (document.activeElement !== $("#palette-own")) $("#palette-own").value = now.palette && !title ? colorNames(now.palette) : "";
    $("#palette_strength").disabled = now.palette === null;
    if (section.open) fill();
  }

  /** Thumbnails, only while they are looked at. */
  function fill() {
    const photo = app.active;
    if (!photo?.session || !palettes.length) return;
    const now = { ...edits(), palette: null };
    const key = photo.id + JSON.stringify({ ...now, regions: now.regions.map(({ id, fill }) => [id, fill]) });
    if (key === made) return;
    made = key;
    thumbs.ask({ photo, now, failed: () => (made = "") });
  }

  section.addEventListener("toggle", () => {
    if (section.open) load().then(render);
    else thumbs.stop();
    made = "";
  });
  $("#palette-picture").addEventListener("click", () => chooseReference((picture) => (now) => ({ ...now, palette: picture.id })));
  $("#palette-none").addEventListener("click", () => set(null));
  // Tried first: what is no palette changes nothing, and what was typed stays to be mended.
  $("#palette-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const fault = $("#palette-fault");
    const palette = colorList($("#palette-own").value) || null;
    fault.hidden = true;
    try {
      await attempt((now) => ({ ...now, palette }));
    } catch (error) {
      fault.textContent = sentence(error);
      fault.hidden = false;
      $("#palette-own").focus();
    }
  });
  // The field has one line: breaks between colours that were copied from a list become commas.
  $("#palette-own").addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").trim();
    if (!text.includes("\n")) return;
    event.preventDefault();
    const { selectionStart, selectionEnd } = event.target;
    event.target.setRangeText(text.split(/\s*\n\s*/).join(", "), selectionStart, selectionEnd, "end");
  });
  on("photo", () => ($("#palette-fault").hidden = true));
  on("edits photo session", render);
  on("back", load);
  load();
}
