/** Before and after to show around: side by side, as a moving slider, or the picture on the clipboard. */

import { app } from "./app.js";
import { toast } from "./dom.js";
import { t } from "./i18n.js";
import * as sessions from "./sessions.js";

/** Pixels along the longer side of what goes to the clipboard: as much as other programs like to take. */
const CLIPBOARD = 4096;

/** @param {import("./app.js").Photo} photo @param {"side"|"slider"} kind */
export async function comparison(photo, kind) {
  const blob = await sessions.comparison(photo, photo.history.edits, kind);
  return { blob, ending: kind === "side" ? "before-after.jpg" : "before-after.webp" };
}

/** The picture as PNG on the clipboard. Throws Error with a sentence where the browser does not allow it. */
export async function copyPicture(photo = app.active) {
  if (!navigator.clipboard?.write || !window.ClipboardItem) throw new Error(t("copy.not"));
  const png = sessions.paint(photo, photo.history.edits, { size: CLIPBOARD }).then(async (blob) => {
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  });
  // The promise goes in as it is: the browser wants the copying to begin at the click.
  await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
  toast(t("copy.done"));
}
