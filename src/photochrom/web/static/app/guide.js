/** Where a hint would help most: suggested places, and its doubts as a veil over the picture. */

import { app, edits, on } from "./app.js";
import { Away } from "./api.js";
import { $, announce, toast } from "./dom.js";
import { sentence } from "./faults.js";
import { t } from "./i18n.js";
import { latest } from "./painter.js";
import * as sessions from "./sessions.js";

const COUNT = 5;
/** The veil: magenta hides no skin, sky or green. */
const VEIL = [226, 0, 138];

/**
 * Confidence as a veil: the less sure than elsewhere in this photograph, the thicker; where all of it is about as sure, hardly any.
 * @param {Blob} blob a grey picture, white sure
 */
async function veilOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const sorted = image.data.filter((_, i) => i % 4 === 0).sort();
  const [low, high] = [0.02, 0.6].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
  const most = 140 * Math.min(1, (high - low) / 40);
  for (let i = 0; i < image.data.length; i += 4) {
    const doubt = Math.min(1, Math.max(0, (high - image.data[i]) / Math.max(1, high - low)));
    image.data.set([...VEIL, Math.round(most * doubt)], i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** @param {import("./view.js").View} view @param {any} pins */
export function startGuide(view, pins) {
  const suggest = $("#suggest");
  const doubts = $("#confidence");
  const on_ = (button) => button.getAttribute("aria-pressed") === "true";
  const failed = (button) => (error) => {
    if (error instanceof Away) return;
    button.setAttribute("aria-pressed", "false");
    if (button === suggest) say("");
    toast(sentence(error), { kind: "error" });
  };

  /** What to do with the numbers, on the photograph. */
  function say(text) {
    $("#suggest-hint").textContent = text;
    $("#suggest-hint").hidden = !text;
  }

  const clicks = latest(async ({ photo, now }) => {
    const found = await sessions.suggestions(photo, now, COUNT);
    if (photo !== app.active || !on_(suggest)) return;
    pins.setClicks(found);
    say(t(found.length ? "suggest.hint" : "suggest.none"));
    announce(t(found.length ? "suggest.found" : "suggest.none", { n: found.length }));
  });

  const veil = latest(async ({ photo, now }, signal) => {
    const drawable = await veilOf(await sessions.confidence(photo, now, 640, signal));
    if (photo !== app.active || !on_(doubts)) return;
    view.layers.overlay = drawable;
    view.draw();
  });

  /** What is shown follows the edits, after they were painted. */
  function refresh() {
    const photo = app.active;
    if (!photo?.session) return;
    if (on_(suggest)) clicks.ask({ photo, now: edits(), failed: failed(suggest) });
    if (on_(doubts)) veil.ask({ photo, now: edits(), failed: failed(doubts) });
  }

  function toggle(button, off) {
    const next = !on_(button);
    button.setAttribute("aria-pressed", String(next));
    if (next) refresh();
    else off();
    $("#legend").hidden = !on_(doubts);
  }

  suggest.addEventListener("click", () => toggle(suggest, () => { clicks.stop(); pins.setClicks([]); say(""); }));
  doubts.addEventListener("click", () => toggle(doubts, () => { veil.stop(); view.layers.overlay = null; view.draw(); }));
  on("painted", refresh);
  on("photo", () => {
    pins.setClicks([]);
    say("");
  });
}
