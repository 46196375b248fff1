/** Reference pictures: chosen from a file, kept with the photograph, for all of it or for a region. */

import { app, change, edits, on } from "./app.js";
import { sentence } from "./api.js";
import { $, h, icon, toast } from "./dom.js";
import { newId, put, without } from "./edits.js";
import { addReference } from "./sessions.js";
import { savePhoto } from "./store.js";

const addresses = new WeakMap();

/** The address of a picture that lies in this page. */
export function addressOf(blob) {
  if (!addresses.has(blob)) addresses.set(blob, URL.createObjectURL(blob));
  return addresses.get(blob);
}

/** Lets the user choose a file, and hands on the picture that became of it. @param {(picture: import("./app.js").Picture) => void} then */
export function chooseReference(then) {
  const input = $("#reference-file");
  input.value = "";
  input.onchange = () => input.files[0] && takeReference(input.files[0], then);
  input.click();
}

/** A file as a reference picture of the active photograph. */
export async function takeReference(file, then) {
  const photo = app.active;
  if (!photo) return;
  const picture = { id: newId("ref"), name: file.name || "picture", blob: file };
  try {
    await addReference(photo, picture);
  } catch (error) {
    toast(`${picture.name} was not taken as a reference: ${sentence(error)}`, { kind: "error" });
    return;
  }
  await savePhoto(photo);
  if (photo === app.active) then(picture);
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
        h("span", { class: "ellipsis", title: one.name }, one.name),
        h("label", { class: "small", for: id }, "Trust"),
        h("input", { id, type: "range", min: "0", max: "1", step: "0.05", value: String(one.trust), oninput: (event) => set(Number(event.target.value), true) })),
      h("button", {
        type: "button", class: "icon-button", "aria-label": `Remove reference ${one.name}`,
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

  const use = (picture) => change((now) => put(now, "references", { id: newId("whole"), ref: picture.id, trust: 0.5, name: picture.name }));
  $("#reference-add").addEventListener("click", () => chooseReference(use));
  on("edits photo", render);
}
