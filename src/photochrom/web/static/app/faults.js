/** What to do, and what to say, when the server refuses: is it the file, an edit, or the server's own trouble? */

import { app, emit } from "./app.js";
import { Away, Problem } from "./api.js";
import { announce, toast } from "./dom.js";
import { PLAIN } from "./edits.js";
import { culprit, fail } from "./history.js";
import { colorName, has, language, t } from "./i18n.js";
import { labelOf } from "./labels.js";
import { paint } from "./sessions.js";
import { saveWork } from "./store.js";

/** Pixels along a side at which that is tried. */
const TRIAL = 160;

/** The last word of a problem's address: "too-large". */
const kindOf = (error) => (error instanceof Problem ? error.type.split("/").at(-1) : "");

/** A sentence for people of any error. */
export function sentence(error) {
  if (error instanceof Away) return t("fault.away");
  const colour = kindOf(error) === "invalid" && unknownColour(error.message);
  if (colour) return colour;
  const known = `fault.${kindOf(error)}${kindOf(error) === "invalid" ? `.${partOf(error.field)}` : ""}`;
  // In English the server's own words are the better ones, where it has some.
  const text = has(known) && (language !== "en" || OWN.has(kindOf(error))) ? t(known) : error.message || String(error);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
/** The part of "edits.hints.0.x" that there are words for; without one, anything. */
const partOf = (field) => String(field).split(".").findLast((part) => has(`fault.invalid.${part}`)) ?? "undefined";

/** That no colour has a name, and which are spelt alike; null where the message is about something else. */
function unknownColour(message) {
  const [, , name] = /colour is (['"])(.*?)\1, expected/.exec(message) ?? [];
  if (!name) return null;
  const near = /did you mean (.+?)\?/.exec(message)?.[1].split(" or ").map(colorName);
  return `${t("picker.unknown", { name })} ${near ? t("picker.near", { names: near.join(` ${t("picker.or")} `) }) : t("picker.any")}`;
}
const OWN = new Set(["took-too-long", "disk-full", "error", "busy"]);

/** Whether the server did not refuse, but was in trouble of its own; then the same may go well later. */
export const passing = (error) => error instanceof Away || (error instanceof Problem && (error.status >= 500 || error.status === 429));

/** Whether an edit is what cannot be used, and not the photograph. */
const blames = (error) => error instanceof Problem && !passing(error) && !error.sessionGone && [404, 413, 422].includes(error.status);

/** Whether the photograph itself can be painted: only then are its edits to blame. */
const paintsPlain = (photo) => paint(photo, PLAIN, { size: TRIAL }).then(() => true, () => false);

/**
 * Switches off the step that the server cannot paint, and shows why; the photograph and all other steps stay.
 * Returns whether there was one.
 * @param {import("./app.js").Photo} photo
 */
export async function undoFaulty(photo, error) {
  const { edits } = photo.history;
  const step = blames(error) ? culprit(photo.history.steps, error.field ?? "") : null;
  if (!step || !(await paintsPlain(photo)) || edits !== photo.history.edits) return false;
  const why = sentence(error);
  photo.history = fail(photo.history, step.id, why);
  const text = t("edit.refused", { what: labelOf(step, photo), why });
  toast(text, { kind: "error", about: "paint" });
  announce(text);
  if (photo === app.active) emit("edits", { live: false });
  else saveWork(photo);
  return true;
}

const START = 65536;
const HEIC = ["heic", "heix", "hevc", "heim", "heis", "mif1", "msf1", "avif"];
const RAW = /\.(cr2|cr3|nef|arw|orf|rw2|raf|dng|psd|pdf|svg|docx?|zip|mp4|mov|avi)$/i;

/** Why a file that the server refused is no photograph for it, in words that help. @param {File|Blob|undefined} file @param {string} name */
export async function explain(error, file, name) {
  if (!file || kindOf(error) === "too-large" || passing(error)) return sentence(error); // a film's frame may have no file yet
  const bytes = new Uint8Array(await file.slice(0, START).arrayBuffer());
  const brand = String.fromCharCode(...bytes.slice(4, 12));
  if (!bytes.length) return t("file.empty");
  if (brand.startsWith("ftyp") && HEIC.includes(brand.slice(4))) return t("file.heic");
  if (RAW.test(name)) return t("file.kind", { kind: RAW.exec(name)[1].toUpperCase() });
  if (await isCut(file, bytes)) return t("file.cut");
  return kindOf(error) === "unsupported" ? t("file.unknown") : sentence(error);
}

/** Whether a JPEG or PNG lacks its end. */
async function isCut(file, bytes) {
  const tail = new Uint8Array(await file.slice(-START).arrayBuffer());
  const ends = (...mark) => tail.some((_, i) => mark.every((byte, k) => tail[i + k] === byte));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return !ends(0xff, 0xd9);
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return !ends(0x49, 0x45, 0x4e, 0x44);
  return /\.(tiff?|webp|gif)$/i.test(file.name ?? "");
}
