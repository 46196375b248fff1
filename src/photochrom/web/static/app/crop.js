/**
 * Turning, straightening and cropping: while the tool is chosen, the whole photograph is shown as it will lie, with a frame around
 * what is kept. Nothing is asked of the server until it is done; then it is a step like any other.
 */

import { app, change, edits, on, setTool } from "./app.js";
import { $, announce, h, toast } from "./dom.js";
import { WHOLE, boxOf, covered, onSheet, plain, quarter, shrunk, turned } from "./geometry.js";
import { t } from "./i18n.js";
import * as sessions from "./sessions.js";

/** How the sides of the frame follow a handle: [left, top, right, bottom]. */
const HANDLES = {
  nw: [1, 1, 0, 0], n: [0, 1, 0, 0], ne: [0, 1, 1, 0], e: [0, 0, 1, 0], se: [0, 0, 1, 1], s: [0, 0, 0, 1], sw: [1, 0, 0, 1], w: [1, 0, 0, 0], move: [1, 1, 1, 1],
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** Sides of the frame, in pixels of the picture, at the least. */
const LEAST = 8;
const PREVIEW = 1280;

/** @param {import("./view.js").View} view */
export function startCrop(view) {
  const frame = $("#crop-frame");
  const bar = $("#crop-bar");
  const angle = $("#crop-straighten");
  /** The photograph that is being cut, and what was on the screen before. */
  let at = null;
  /** @type {import("./geometry.js").Geometry} */
  let now = WHOLE;

  const size = () => at.photo.size;

  for (const name of Object.keys(HANDLES)) {
    const handle = h("button", { type: "button", class: `crop-handle ${name}`, "data-handle": name, "aria-label": t(`crop.handle.${name}`) });
    frame.append(handle);
    grip(handle, HANDLES[name]);
  }

  /** The frame after its sides were moved; it stays on the photograph. */
  function moved(box, sides, dx, dy) {
    const sheet = turned(now, size());
    const [x, y, width, height] = box;
    let [left, top, right, bottom] = [x + sides[0] * dx, y + sides[1] * dy, x + width + sides[2] * dx, y + height + sides[3] * dy].map(Math.round);
    if (sides.every(Boolean)) {
      left = Math.min(Math.max(0, left), sheet.width - width);
      top = Math.min(Math.max(0, top), sheet.height - height);
      return [left, top, width, height];
    }
    left = Math.min(Math.max(0, left), right - LEAST);
    top = Math.min(Math.max(0, top), bottom - LEAST);
    right = Math.max(left + LEAST, Math.min(sheet.width, right));
    bottom = Math.max(top + LEAST, Math.min(sheet.height, bottom));
    return [left, top, right - left, bottom - top];
  }

  /** As far towards (dx, dy) as no empty corner shows. */
  function pull(box, sides, dx, dy) {
    for (let share = 1; share > 0.01; share -= 0.05) {
      const next = moved(box, sides, dx * share, dy * share);
      if (!now.straighten || covered(next, now, size())) return next;
    }
    return box;
  }

  function grip(handle, sides) {
    let start = null;
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      start = { x: event.clientX, y: event.clientY, box: boxOf(now, size()) };
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (start) set({ crop: pull(start.box, sides, (event.clientX - start.x) / view.scale, (event.clientY - start.y) / view.scale) });
    });
    for (const type of ["pointerup", "pointercancel"]) handle.addEventListener(type, () => (start = null));
    handle.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const far = Math.max(1, Math.round((event.shiftKey ? 24 : 4) / view.scale));
      set({ crop: pull(boxOf(now, size()), sides, step[0] * far, step[1] * far) });
      announce(words());
    });
  }

  const words = () => {
    const [, , width, height] = boxOf(now, size());
    return t("crop.size", { width, height });
  };

  /** Other values, shown at once. */
  function set(values) {
    const turn = "rotate" in values || "straighten" in values;
    now = { ...now, ...values };
    if (turn && now.crop) now.crop = shrunk(now.crop, now, size());
    if (turn) view.turn(now, { raw: true, sheet: true });
    angle.value = String(now.straighten);
    const degrees = `${now.straighten.toFixed(1)}°`;
    $("#crop-angle").textContent = degrees;
    angle.setAttribute("aria-valuetext", degrees);
    $("#crop-size").textContent = words();
    place();
    view.draw();
  }

  function place() {
    if (!at) return;
    const [x, y, width, height] = boxOf(now, size());
    const from = view.onScreen({ x, y });
    Object.assign(frame.style, { left: `${from.x}px`, top: `${from.y}px`, width: `${width * view.scale}px`, height: `${height * view.scale}px` });
  }

  /** Shows the whole photograph, as soon as it is there. */
  async function begin() {
    const photo = app.active;
    if (photo?.status !== "ready" || photo.film || !view.layers.after) return setTool("color");
    at = { photo, geometry: view.geometry, before: view.layers.before, after: view.layers.after, edits: edits() };
    now = { ...WHOLE, ...photo.history.edits.geometry };
    document.body.classList.add("cropping");
    frame.hidden = bar.hidden = false;
    $("#crop-borders").disabled = !photo.session?.borders;
    const here = () => at?.photo === photo;
    if (at.geometry) {
      try {
        const [before, after] = await Promise.all([
          sessions.scan(photo, null, { size: PREVIEW }), sessions.paint(photo, { ...at.edits, geometry: null }, { size: PREVIEW }),
        ].map(async (blob) => createImageBitmap(await blob)));
        if (!here()) return undefined;
        Object.assign(view.layers, { before, after });
      } catch {
        if (here()) cancel();
        return undefined;
      }
    }
    view.makeRoom();
    view.turn(now, { raw: true, sheet: true });
    set({});
    return announce(t("crop.begun"));
  }

  function end() {
    at = null;
    document.body.classList.remove("cropping");
    frame.hidden = bar.hidden = true;
    view.makeRoom();
  }

  /** Back to what was shown before. */
  function cancel() {
    if (!at) return;
    const { photo, geometry, before, after } = at;
    end();
    if (photo === app.active) {
      view.turn(geometry);
      Object.assign(view.layers, { before, after });
      view.draw();
    }
    if (app.tool === "crop") setTool("color");
  }

  function done() {
    if (!at) return;
    const box = boxOf({ ...now, crop: null }, size());
    if (JSON.stringify(now.crop) === JSON.stringify(box)) now.crop = null;
    const geometry = plain(now);
    if (JSON.stringify(geometry) === JSON.stringify(at.edits.geometry ?? null)) {
      cancel();
      return;
    }
    end();
    view.turn(geometry, { raw: true }); // cut out of what is there, until it is painted
    change((old) => ({ ...old, geometry }));
    announce(t("crop.done"));
    if (app.tool === "crop") setTool("color");
  }

  angle.addEventListener("input", () => at && set({ straighten: Number(angle.value) }));
  angle.addEventListener("dblclick", () => at && set({ straighten: 0 }));
  $("#crop-left").addEventListener("click", () => at && set(quarter(now, size(), true)));
  $("#crop-right").addEventListener("click", () => at && set(quarter(now, size())));
  $("#crop-borders").addEventListener("click", () => {
    const borders = at?.photo.session?.borders;
    if (!borders) return;
    set({ crop: shrunk(onSheet(borders, now, size()), now, size()) });
    toast(t("crop.borders.done"), { about: "crop" });
  });
  $("#crop-reset").addEventListener("click", () => at && set({ ...WHOLE }));
  $("#crop-done").addEventListener("click", done);
  $("#crop-cancel").addEventListener("click", cancel);

  on("tool", () => {
    if (app.tool === "crop") begin();
    else done();
  });
  on("photo", () => {
    if (!at) return;
    end();
    setTool("color");
  });
  on("edits", () => at && edits() !== at.edits && cancel());
  on("view", place);
  return {
    cancel, done,
    get active() {
      return at !== null;
    },
  };
}
