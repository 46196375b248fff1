/**
 * Marking a region: by brush, or by a box that is grown to the object in it. What is marked waits as a draft until it is given a
 * colour or a reference picture.
 */

import { app, edits, emit, on } from "./app.js";
import { sentence } from "./api.js";
import { $, announce, toast } from "./dom.js";
import { decode, encode, gridFor, middle } from "./rle.js";
import * as sessions from "./sessions.js";

const TINT = [255, 255, 255];
const drawn = new WeakMap();

/** A mask as something to draw: hatched where it is a draft, else its border alone. @param {import("./rle.js").Grid} grid */
function drawableOf(grid, hatched) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [grid.width, grid.height];
  const context = canvas.getContext("2d");
  const image = context.createImageData(grid.width, grid.height);
  const at = (x, y) => x >= 0 && y >= 0 && x < grid.width && y < grid.height && grid.data[y * grid.width + x];
  const rim = Math.max(1, Math.round(Math.max(grid.width, grid.height) / 400));
  for (let y = 0; y < grid.height; y++) {
    for (let x = 0; x < grid.width; x++) {
      if (!at(x, y)) continue;
      const edge = !at(x - rim, y) || !at(x + rim, y) || !at(x, y - rim) || !at(x, y + rim);
      if (edge || hatched) image.data.set(edge ? [...TINT, 255] : (x + y) % 6 < 3 ? [...TINT, 95] : [0, 0, 0, 70], 4 * (y * grid.width + x));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** @param {import("./view.js").View} view @param {{choose: (mask: Object, anchor: {x: number, y: number}) => void}} acts */
export function startRegions(view, acts) {
  /** @type {import("./rle.js").Grid|null} */
  let draft = null;
  let shown = null;
  /** What the draft was grown to, as the server gave it, until it is touched by the brush. */
  let grown = null;
  let last = null;
  let corner = null;
  const bar = $("#region-bar");
  const rubber = $("#rubber");
  const size = $("#brush-size");
  const erase = $("#brush-erase");
  const ring = $("#brush-ring");

  view.layers.masks = () => {
    const masks = [];
    if (draft) masks.push({ drawable: (shown ??= drawableOf(draft, true)), alpha: 0.75 });
    const region = edits()?.regions.find((one) => one.id === app.selected);
    if (region && !draft) {
      if (!drawn.has(region.mask)) drawn.set(region.mask, drawableOf(decode(region.mask), false));
      masks.push({ drawable: drawn.get(region.mask), alpha: 0.85 });
    }
    return masks;
  };

  function changed() {
    shown = null;
    const any = Boolean(draft?.data.includes(1));
    $("#region-choose").disabled = !any;
    $("#region-discard").disabled = !any;
    view.draw();
  }

  function discard() {
    draft = grown = null;
    last = null;
    corner = null;
    rubber.hidden = true;
    changed();
  }

  /** One dab, or a stroke from the last place to this one: x and y in pixels of the picture. */
  function dab({ x, y }) {
    draft ??= gridFor(view.size.width, view.size.height);
    grown = null;
    const k = draft.width / view.size.width;
    const radius = Math.max(0.6, (Number(size.value) / 2 / view.scale) * k);
    const to = { x: x * k, y: y * k };
    const from = last ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / Math.max(0.5, radius / 2)));
    const value = erase.getAttribute("aria-pressed") === "true" ? 0 : 1;
    for (let i = 1; i <= steps; i++) {
      const [cx, cy] = [from.x + ((to.x - from.x) * i) / steps, from.y + ((to.y - from.y) * i) / steps];
      for (let gy = Math.max(0, Math.floor(cy - radius)); gy <= Math.min(draft.height - 1, Math.ceil(cy + radius)); gy++) {
        for (let gx = Math.max(0, Math.floor(cx - radius)); gx <= Math.min(draft.width - 1, Math.ceil(cx + radius)); gx++) {
          if ((gx + 0.5 - cx) ** 2 + (gy + 0.5 - cy) ** 2 <= radius ** 2) draft.data[gy * draft.width + gx] = value;
        }
      }
    }
    last = to;
    changed();
  }

  function stretch(a, b) {
    const [from, to] = [view.toScreen(a.x, a.y), view.toScreen(b.x, b.y)];
    Object.assign(rubber.style, {
      left: `${Math.min(from.x, to.x)}px`, top: `${Math.min(from.y, to.y)}px`,
      width: `${Math.abs(from.x - to.x)}px`, height: `${Math.abs(from.y - to.y)}px`,
    });
    rubber.hidden = false;
  }

  /** The object in a box becomes the draft, and its colour is asked for. */
  async function grow(a, b) {
    rubber.hidden = true;
    const { width, height } = view.size;
    const inside = (value, length) => Math.min(length, Math.max(0, Math.round(value)));
    const box = [inside(Math.min(a.x, b.x), width), inside(Math.min(a.y, b.y), height), inside(Math.max(a.x, b.x), width), inside(Math.max(a.y, b.y), height)];
    if (box[2] - box[0] < 2 || box[3] - box[1] < 2) return;
    const photo = app.active;
    if ($("#box-grow").checked) {
      view.stage.classList.add("growing");
      try {
        const mask = await sessions.grow(photo, box);
        if (photo !== app.active) return;
        [draft, grown] = [decode(mask), mask];
      } catch (error) {
        toast(`No object found: ${sentence(error)}`, { kind: "error" });
        return;
      } finally {
        view.stage.classList.remove("growing");
      }
    } else {
      draft = gridFor(width, height);
      const k = draft.width / width;
      for (let y = Math.round(box[1] * k); y < Math.round(box[3] * k); y++) draft.data.fill(1, y * draft.width + Math.round(box[0] * k), y * draft.width + Math.round(box[2] * k));
    }
    changed();
    announce("Area marked. Choose its colour.");
    choose();
  }

  function choose() {
    if (!draft?.data.includes(1)) return;
    const at = middle(draft);
    const { width, height } = view.size;
    acts.choose(grown ?? encode(draft, width, height), { x: Math.floor(at.x * width), y: Math.floor(at.y * height) });
  }

  const followed = ({ sx, sy }) => {
    ring.style.transform = `translate(${sx}px, ${sy}px)`;
    ring.style.width = ring.style.height = `${size.value}px`;
  };
  view.stage.addEventListener("pointermove", (event) => {
    const box = view.stage.getBoundingClientRect();
    followed({ sx: event.clientX - box.left, sy: event.clientY - box.top });
  });

  on("tool photo", () => {
    discard();
    bar.hidden = !(app.active && (app.tool === "brush" || app.tool === "box"));
    bar.dataset.tool = app.tool;
    erase.setAttribute("aria-pressed", "false");
    view.stage.dataset.tool = app.tool;
  });
  on("selection", () => view.draw());
  $("#region-choose").addEventListener("click", choose);
  $("#region-discard").addEventListener("click", discard);
  erase.addEventListener("click", () => erase.setAttribute("aria-pressed", String(erase.getAttribute("aria-pressed") !== "true")));
  size.addEventListener("input", () => (ring.style.width = ring.style.height = `${size.value}px`));

  return {
    discard,
    get hasDraft() {
      return draft !== null;
    },
    resize: (step) => { size.value = String(Number(size.value) + step); emit("view"); },
    brush: {
      down(place) { last = null; dab(place); return true; },
      move: dab,
      up() { last = null; },
      cancel: discard,
    },
    box: {
      down(place) { discard(); corner = place; return true; },
      move(place) { stretch(corner, place); },
      up(place) { const from = corner; corner = null; if (from) grow(from, place); },
      cancel: discard,
    },
  };
}
