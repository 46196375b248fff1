/**
 * What the page holds, and the events that announce its changes.
 *
 * @typedef {import("./history.js").History} History
 * @typedef {{id: string, width: number, height: number, bit_depth: number, format: string, tint: string,
 *     already_colour: boolean, notices: string[], model: string, hints: boolean, refs: Map<string, string>}} Session
 *     an opened photograph at the server; refs: keys of reference pictures here -> their ids there
 * @typedef {{id: string, name: string, blob: Blob}} Picture  a reference picture
 * @typedef {Object} Photo
 * @property {string} id
 * @property {string} name the file's name
 * @property {Blob} blob the file
 * @property {Picture[]} refs
 * @property {History} history
 * @property {Session|null} session
 * @property {"waiting"|"opening"|"ready"|"failed"} status
 * @property {string} error why it failed
 * @property {string} thumb address of a small picture, or ""
 * @property {{width: number, height: number}|null} size in pixels, upright; null until it was opened once
 * @property {Blob|null} before a preview of the grey picture
 * @property {Blob|null} after a preview of the painted one
 * @property {import("./geometry.js").Geometry|null} seen the part of the photograph that these two show
 * @property {number} version of the work that is kept; another window may have written a later one
 * @property {Map<string, Blob>} thumbs small pictures of steps, by their ids
 * @property {import("./film.js").Film} [film] the film of which it is frame `frame`
 * @property {{ways: Object[], thumbs: Blob[], seed: number}|null} alternatives that were found
 * @property {import("./proposals.js").Proposal[]} [proposals] what other photographs propose @property {string[]} [refused] keys of those that were answered
 *
 * Events: "photo" (another one is active), "edits" (of the active one), "queue", "tool", "selection", "view", "status", "back" (the server),
 * "film" (what is known of one), "film-close", "elsewhere" (another window changed something), "draft" (an area is being marked),
 * "leave" (the page is left).
 */

import { amend, commit, redo, undo } from "./history.js";

export const app = {
  /** @type {Photo[]} */
  photos: [],
  /** @type {Photo|null} */
  active: null,
  /** @type {"hand"|"color"|"brush"|"box"|"crop"} */
  tool: "color",
  /** id of the selected spot or region @type {string|null} */
  selected: null,
};

const bus = new EventTarget();
export const on = (type, listener) => type.split(" ").forEach((one) => bus.addEventListener(one, (event) => listener(event.detail)));
export const emit = (type, detail = null) => bus.dispatchEvent(new CustomEvent(type, { detail }));

/** Edits of the active photograph. @returns {import("./edits.js").Edits|null} */
export const edits = () => app.active?.history.edits ?? null;

function step(history, detail) {
  if (!app.active || history === app.active.history) return;
  app.active.history = history;
  emit("edits", detail);
}

/**
 * Changes the active photograph's edits. `key`: one gesture, undone as one; `live`: more will follow, so a repaint on its way
 * is let finish.
 * @param {(edits: import("./edits.js").Edits) => import("./edits.js").Edits} change
 */
export const change = (change, { key = null, live = false } = {}) =>
  app.active && step(commit(app.active.history, change(app.active.history.edits), key), { live });
/** Adds to the active photograph's last step what became known after it. */
export const addToStep = (change) => app.active && step(amend(app.active.history, change(app.active.history.edits)), { live: true });
/** What follows is another step, even under the same key. */
export const endGesture = () => app.active && (app.active.history = { ...app.active.history, key: null });
export const undoStep = () => app.active && step(undo(app.active.history), { live: false });
export const redoStep = () => app.active && step(redo(app.active.history), { live: false });

/** Puts another history in the place of the active photograph's. @param {(old: History) => History} make */
export const rewrite = (make) => app.active && step(make(app.active.history), { live: false });

export function select(id) {
  if (app.selected === id) return;
  app.selected = id;
  emit("selection");
}

export function setTool(tool) {
  app.tool = tool;
  emit("tool");
}
