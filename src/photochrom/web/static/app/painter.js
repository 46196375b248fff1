/**
 * Keeps what is on the screen painted as the edits say. The latest wins: one request at a time, and what was overtaken is
 * never asked for. While the view is closer than the preview is sharp, the visible part is asked for in full resolution.
 */

import { app, emit, on } from "./app.js";
import { Away } from "./api.js";
import { greyOf } from "./color.js";
import { hideToast, toast } from "./dom.js";
import { sentence, undoFaulty } from "./faults.js";
import { t } from "./i18n.js";
import * as sessions from "./sessions.js";
import { savePreviews, saveWork } from "./store.js";

const DETAIL_MOST = 2400;
const PAUSE = 160;
const THUMB = 96;
/** Pixels along the longer side of what the photograph was before. */
const BEFORE = 1280;
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** One kind of request, of which the latest wins. `run` gets what was asked for and a signal. */
export function latest(run) {
  let running = null;
  let next = null;
  const pump = async () => {
    while (next && !running) {
      const job = next;
      next = null;
      running = new AbortController();
      try {
        await run(job, running.signal);
      } catch (error) {
        if (error.name !== "AbortError") await job.failed?.(error);
      }
      running = null;
    }
  };
  return {
    /** `patient`: let what is running finish first (a dial that is still moving). */
    ask(job, patient = false) {
      next = job;
      if (running && !patient) running.abort();
      return pump();
    },
    stop() {
      next = null;
      running?.abort();
    },
    get busy() {
      return Boolean(running || next);
    },
  };
}

/** A small picture of what the latest step made. */
function keepThumb(photo, edits, bitmap) {
  const step = photo.history.steps.at(-1);
  if (!step || step.off || edits !== photo.history.edits) return;
  const scale = THUMB / Math.max(bitmap.width, bitmap.height);
  const canvas = new OffscreenCanvas(Math.max(1, bitmap.width * scale), Math.max(1, bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 }).then((blob) => {
    photo.thumbs.set(step.id, blob);
    emit("thumb", { photo, id: step.id });
  });
}

/** @param {import("./view.js").View} view */
export function startPainter(view) {
  const { stage } = view;
  /** As large as the whole picture is on the screen, in steps: so that the server's small copy is the same after a slight change. */
  const previewSize = () => (view.size ? Math.min(1280, Math.max(480, Math.ceil(view.fitLength / 160) * 160)) : 1280);
  const busy = () => {
    const wanted = String(preview.busy || detail.busy);
    if (stage.dataset.busy !== wanted) stage.dataset.busy = wanted;
  };

  const preview = latest(async ({ photo, edits }, signal) => {
    busy();
    const blob = await sessions.paint(photo, edits, { size: previewSize(), signal });
    const bitmap = await createImageBitmap(blob);
    photo.after = blob;
    hideToast("paint-later");
    keepThumb(photo, edits, bitmap);
    setTimeout(() => app.photos.includes(photo) && savePreviews(photo), 500);
    if (!same(photo.seen, edits.geometry)) {
      // Another part of the photograph: what it was before is another picture, too.
      photo.before = await sessions.scan(photo, edits.geometry, { size: BEFORE, signal });
      photo.seen = edits.geometry ?? null;
    }
    if (photo !== app.active || signal.aborted) return;
    if (view.raw || !same(view.geometry, edits.geometry)) {
      const before = await createImageBitmap(photo.before);
      if (photo !== app.active || signal.aborted) return;
      view.turn(edits.geometry ?? null);
      view.layers.before = before;
    }
    view.layers.after = bitmap;
    view.detail = null;
    view.draw(() => stage.dispatchEvent(new CustomEvent("painted")));
    emit("painted", photo);
    sharpen(0);
  });

  const detail = latest(async ({ photo, edits, rect, size }, signal) => {
    busy();
    const after = await createImageBitmap(await sessions.paint(photo, edits, { size, view: rect, signal }));
    // A grey photograph is its coloured copy without colour; one with a tint, or with colours, is asked for.
    const grey = photo.session.tint === "grey" && !photo.session.already_colour;
    const before = grey ? greyOf(after) : await createImageBitmap(await sessions.scan(photo, edits.geometry, { size, view: rect, signal }));
    if (photo !== app.active || edits !== photo.history.edits || signal.aborted) return;
    view.detail = { rect, after, before };
    view.draw();
  });

  let timer = 0;
  /** Asks for the visible part where the preview is too coarse for it. */
  function sharpen(pause = PAUSE) {
    clearTimeout(timer);
    const photo = app.active;
    if (!photo?.session || !view.layers.after || document.body.classList.contains("playing")) return;
    if (view.raw) return; // not what the edits make of it
    const wanted = Math.min(1, view.scale * (window.devicePixelRatio || 1));
    if (wanted <= (view.layers.after.width / view.out.width) * 1.05) {
      view.detail = null;
      return;
    }
    const rect = view.visiblePixels;
    const edits = photo.history.edits;
    const size = Math.round(Math.min(DETAIL_MOST, Math.max(rect.width, rect.height) * wanted));
    if (rect.width < 1 || rect.height < 1 || preview.busy) return;
    timer = setTimeout(() => detail.ask({ photo, edits, rect, size }).then(busy), pause);
  }

  function repaint({ live = false } = {}) {
    const photo = app.active;
    if (!photo || photo.status === "failed") return;
    detail.stop();
    const { edits } = photo.history;
    const asked = preview.ask({
      photo,
      edits,
      async failed(error) {
        if (error instanceof Away || photo !== app.active || edits !== photo.history.edits) return;
        if (await undoFaulty(photo, error)) return;
        toast(t("paint.failed", { why: sentence(error) }), { kind: "error", about: "paint-later", action: t("again"), act: () => repaint() });
      },
    }, live);
    busy();
    asked.then(busy);
  }

  on("edits", async (detail) => {
    const photo = app.active;
    repaint(detail ?? {});
    if (detail?.elsewhere || !(await saveWork(photo))) return;
    toast(t("tabs.joined"));
    if (photo === app.active) emit("edits", { elsewhere: true });
  });
  on("back", () => repaint());
  on("view", () => sharpen());
  return { repaint, stop: () => { preview.stop(); detail.stop(); } };
}
