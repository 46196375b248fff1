/** Reference pictures: chosen from a file, kept with the photograph, for all of it or for a region. */

import { app, change, edits, on } from "./app.js";
import { $, h, icon, toast } from "./dom.js";
import { newId, put, without } from "./edits.js";
import { sentence } from "./faults.js";
import { t } from "./i18n.js";
import { dropReference, paint } from "./sessions.js";
import { savePhoto } from "./store.js";

/** Pixels along a side at which a change is tried before it is made. */
const TRIAL = 160;
const addresses = new WeakMap();

/** The address of a picture that lies in this page. */
export function addressOf(blob) {
  if (!addresses.has(blob)) addresses.set(blob, URL.createObjectURL(blob));
  return addresses.get(blob);
}

/**
 * Changes the active photograph's edits if the server can paint them so; else throws the server's error and changes nothing.
 * @param {(edits: import("./edits.js").Edits) => import("./edits.js").Edits} make
 */
export async function attempt(make) {
  const photo = app.active;
  await paint(photo, make(photo.history.edits), { size: TRIAL });
  if (photo === app.active) change(make);
}

/**
 * Lets the user choose a file that becomes a reference picture.
 * @param {(picture: import("./app.js").Picture) => (edits: import("./edits.js").Edits) => import("./edits.js").Edits} make the change with it
 * @param {() => void} then called when it was made
 */
export function chooseReference(make, then = () => {}) {
  const input = $("#reference-file");
  input.value = "";
  input.onchange = () => input.files[0] && takeReference(input.files[0], make, then);
  input.click();
}

/** A file as a reference picture of the active photograph; one that cannot be used leaves nothing behind. */
async function takeReference(file, make, then) {
  const photo = app.active;
  if (!photo) return;
  const picture = { id: newId("ref"), name: file.name || t("picture"), blob: file };
  photo.refs = [...photo.refs, picture];
  document.body.classList.add("saving");
  try {
    await attempt(make(picture));
  } catch (error) {
    dropReference(photo, picture);
    photo.refs = photo.refs.filter((one) => one !== picture);
    toast(t("reference.refused", { name: picture.name, why: sentence(error) }), { kind: "error" });
    return;
  } finally {
    document.body.classList.remove("saving");
  }
  await savePhoto(photo);
  if (photo === app.active) then();
}

/** The part of the panel for references to the whole. */
export function startReferences() {
  const list = $("#reference-list");

  function row(one) {
    const picture = app.active.refs.find((ref) => ref.id === one.ref);
    const id = `trust-${one.id}`;
    const set = (value, live) => change((now) => put(now, "references", { ...one, trust: value }), { key: `trust:${one.id}`, live });
    return h("li", { class: "reference" },
      picture ? h("img", { src: addressOf(picture.blob), alt: "", onerror: (event) => event.target.classList.add("unseen") }) : h("span", { class: "no-thumb" }),
      h("div", {},
        h("span", { class: "name", title: one.name }, one.name),
        h("label", { class: "small", for: id }, t("reference.trust")),
        h("input", { id, type: "range", min: "0", max: "1", step: "0.05", value: String(one.trust), oninput: (event) => set(Number(event.target.value), true) })),
      h("button", {
        type: "button", class: "icon-button", "aria-label": t("reference.remove", { name: one.name }),
        onclick: () => change((now) => without(now, "references", one.id)),
      }, icon("close")));
  }

  function render() {
    const now = edits();
    if (!now) return;
    // A dial that is being dragged must not be replaced under the finger.
    const key = now.references.map((one) => one.id).join();
    if (list.dataset.key === key && list.contains(document.activeElement)) return;
    list.dataset.key = key;
    list.replaceChildren(...now.references.map(row));
  }

  const use = (picture) => (now) => put(now, "references", { id: `whole-${picture.id}`, ref: picture.id, trust: 0.5, name: picture.name });
  $("#reference-add").addEventListener("click", () => chooseReference(use));
  on("edits photo", render);
}
