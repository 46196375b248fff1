/**
 * Marking an area: by brush, or by the object tool. What is marked waits as a draft until it is given a colour or a reference
 * picture; the brush mends what the object tool found, and an area that has its colour already.
 */

import { app, edits, emit, on, setTool } from "./app.js";
import { $, announce } from "./dom.js";
import { t } from "./i18n.js";
import { drawableOf, stroke, traceOf } from "./masking.js";
import { startObjects } from "./objects.js";
import { decode, encode, gridFor, middle } from "./rle.js";

const drawn = new WeakMap();
const STROKES = 20;

/**
 * @param {import("./view.js").View} view
 * @param {{choose: (mask: Object, anchor: {x: number, y: number}) => void, reshape: (id: string, mask: Object) => void}} acts
 */
export function startRegions(view, acts) {
  /** @type {import("./rle.js").Grid|null} */
  let draft = null;
  let shown = null;
  /** What the draft was grown to, as the server gave it, until it is touched by the brush. */
  let grown = null;
  /** The area that the draft is the new shape of, or null for a new one. @type {string|null} */
  let editing = null;
  /** The draft, and what it was grown to, before each of the last strokes. @type {{data: Uint8Array|null, grown: Object|null}[]} */
  let strokes = [];
  let last = null;
  /** A stroke of the object tool, until the server has answered. */
  let marked = null;
  const bar = $("#region-bar");
  const size = $("#brush-size");
  const erase = $("#brush-erase");
  const ring = $("#brush-ring");
  const erasing = () => erase.getAttribute("aria-pressed") === "true";

  view.layers.masks = () => {
    const masks = [];
    if (draft) masks.push({ drawable: (shown ??= drawableOf(draft, true)), alpha: 0.75 });
    const region = edits()?.regions.find((one) => one.id === app.selected);
    if (region && !draft) {
      if (!drawn.has(region.mask)) drawn.set(region.mask, drawableOf(decode(region.mask), false));
      masks.push({ drawable: drawn.get(region.mask), alpha: 0.85 });
    }
    if (marked) masks.push({ drawable: marked, alpha: 0.75 });
    return masks;
  };

  function changed() {
    shown = null;
    const any = Boolean(draft?.data.includes(1));
    $("#region-choose").disabled = !any;
    $("#region-choose").textContent = t(editing ? "region.done" : "region.choose");
    $("#region-discard").disabled = !draft;
    objects.refresh();
    showBar();
    view.draw();
  }

  function showBar() {
    const marking = app.tool === "brush" || app.tool === "box";
    bar.hidden = !(app.active && (marking || draft));
    bar.dataset.tool = marking ? app.tool : "none";
    $(".for-brush.hint-text", bar).textContent = t(editing ? "brush.edit" : draft ? "brush.more" : "brush.hint");
    view.makeRoom();
  }

  function discard() {
    draft = grown = editing = last = marked = null;
    strokes = [];
    changed();
  }

  const remember = () => (strokes = [...strokes, { data: draft && draft.data.slice(), grown }].slice(-STROKES));

  /** Takes the last stroke back. Returns whether there was one. */
  function undo() {
    if (!strokes.length) return false;
    const before = strokes.pop();
    draft = before.data ? { ...(draft ?? gridFor(view.size.width, view.size.height)), data: before.data } : null;
    grown = before.grown;
    changed();
    return true;
  }

  /** One dab, or a stroke from the last place to this one: x and y in pixels of the picture. */
  function dab({ x, y }) {
    draft ??= gridFor(view.size.width, view.size.height);
    grown = null;
    const k = draft.width / view.size.width;
    const to = { x: x * k, y: y * k };
    stroke(draft, last ?? to, to, Math.max(0.6, (Number(size.value) / 2 / view.scale) * k), erasing() ? 0 : 1);
    last = to;
    changed();
  }

  /** What the object tool sees of the draft. */
  const area = {
    get any() {
      return Boolean(draft?.data.includes(1));
    },
    get mask() {
      return draft && (grown ?? encode(draft, view.size.width, view.size.height));
    },
    take(mask) {
      remember();
      grown = mask;
      draft = decode(mask);
      changed();
    },
    takeBox(box) {
      remember();
      grown = null;
      draft = boxed(box);
      changed();
    },
    /** Shows a stroke while it is drawn and asked about; null: no longer. */
    mark(points, erase, radius) {
      marked = points && traceOf(points, view.size, erase, radius);
      view.draw();
    },
    /** Asks for its colour; an area that has one keeps it, and waits for "Done". */
    choose: () => editing || choose(),
  };
  const objects = startObjects(view, area, acts.reshape);

  /** A grid with all of a box in it. */
  function boxed(box) {
    const grid = gridFor(view.size.width, view.size.height);
    const [x0, y0, x1, y1] = box.map((side) => Math.round((side * grid.width) / view.size.width));
    for (let y = y0; y < Math.min(y1, grid.height); y++) grid.data.fill(1, y * grid.width + x0, y * grid.width + x1);
    return grid;
  }

  function choose() {
    if (!draft?.data.includes(1)) return;
    const { width, height } = view.size;
    const mask = grown ?? encode(draft, width, height);
    if (editing) {
      acts.reshape(editing, mask);
      discard();
      setTool("color");
      return;
    }
    const at = middle(draft);
    acts.choose(mask, { x: Math.floor(at.x * width), y: Math.floor(at.y * height) });
  }

  /** Takes an area that has its colour back under the brush. @param {{id: string, mask: Object}} region */
  function edit({ id, mask }) {
    discard();
    draft = decode(mask);
    editing = id;
    setTool("brush");
    changed();
    announce(t("brush.edit"));
  }

  const followed = ({ sx, sy }) => {
    ring.style.transform = `translate(${sx}px, ${sy}px)`;
    ring.style.width = ring.style.height = `${size.value}px`;
  };
  view.stage.addEventListener("pointermove", (event) => {
    const box = view.stage.getBoundingClientRect();
    followed({ sx: event.clientX - box.left, sy: event.clientY - box.top });
  });

  on("tool", () => {
    erase.setAttribute("aria-pressed", "false");
    view.stage.dataset.tool = app.tool;
    showBar();
  });
  on("photo", discard);
  on("selection", () => view.draw());
  $("#region-choose").addEventListener("click", choose);
  $("#region-discard").addEventListener("click", discard);
  erase.addEventListener("click", () => erase.setAttribute("aria-pressed", String(!erasing())));
  size.addEventListener("input", () => (ring.style.width = ring.style.height = `${size.value}px`));

  return {
    discard, edit, undo,
    get hasDraft() {
      return draft !== null;
    },
    resize: (step) => { size.value = String(Number(size.value) + step); emit("view"); },
    brush: {
      down(place) { remember(); last = null; dab(place); return true; },
      move: dab,
      up() { last = null; },
      cancel() { last = null; undo(); },
    },
    box: objects.tool,
  };
}
