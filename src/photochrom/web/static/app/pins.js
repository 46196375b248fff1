/** What lies on the picture and can be grasped: spots, regions, suggested places, and the cross of the keyboard. */

import { addToStep, app, change, edits, endGesture, on, select } from "./app.js";
import { $, h, icon } from "./dom.js";
import { put, wordOf } from "./edits.js";
import { colorName, t } from "./i18n.js";
import { decode, middle } from "./rle.js";
import { swatches } from "./sessions.js";

const SLACK = 4;
/** Milliseconds after the last arrow key until a moved spot is looked at anew. */
const REST = 250;
const centres = new WeakMap();

/** Where a region's marker stands: a pixel of the picture. */
export function centreOf(mask) {
  if (!centres.has(mask)) {
    const found = middle(decode(mask)) ?? { x: 0.5, y: 0.5 };
    const [height, width] = mask.size;
    centres.set(mask, { x: Math.floor(found.x * width), y: Math.floor(found.y * height) });
  }
  return centres.get(mask);
}

/**
 * @param {import("./view.js").View} view
 * @param {{open: (id: string) => void, remove: (id: string) => void, suggested: (click: Object) => void, proposed: (id: string) => void}} acts
 */
export function startPins(view, acts) {
  const layer = $("#pins");
  /** id -> its element and its place @type {Map<string, {element: HTMLElement, x: number, y: number}>} */
  const pins = new Map();
  let draft = null;
  let clicks = [];
  /** What other photographs propose, and the one that is asked about. */
  let [proposals, asked] = [[], null];
  let timer = 0;

  function pin(id, kind, { x, y }, label, fill) {
    let known = pins.get(id);
    if (!known) {
      const element = h("button", { type: "button", class: `pin ${kind}`, "data-id": id },
        h("span", { class: "pin-body" }), h("span", { class: "pin-off", title: t("remove") }, icon("close")));
      known = { element };
      pins.set(id, known);
      layer.append(element);
      if (kind === "proposed") element.addEventListener("click", () => acts.proposed(id));
      else if (kind === "suggested") element.addEventListener("click", () => acts.suggested(clicks.find((one) => one.id === id)));
      else hold(id, kind, element);
    }
    const { element } = known;
    Object.assign(known, { x, y });
    element.setAttribute("aria-label", label);
    element.title = label;
    element.className = `pin ${kind}${fill?.keep ? " kept" : ""}${[app.selected, asked].includes(id) ? " selected" : ""}`;
    element.firstChild.style.background = fill?.swatch ?? "";
    return id;
  }

  function hold(id, kind, element) {
    let start = null;
    let moved = false;
    element.addEventListener("pointerdown", (event) => {
      if (event.target.closest(".pin-off") || event.button !== 0) return;
      start = { x: event.clientX, y: event.clientY };
      moved = false;
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => {
      if (!start || kind !== "spot") return;
      if (!moved && Math.hypot(event.clientX - start.x, event.clientY - start.y) < SLACK) return;
      moved = true;
      const box = view.stage.getBoundingClientRect();
      moveTo(id, view.toPicture(event.clientX - box.left, event.clientY - box.top), true);
    });
    const drop = () => {
      if (start && moved) {
        change((now) => ({ ...now }), { key: `move:${id}` });
        endGesture();
        relight(id);
      }
      start = null;
    };
    element.addEventListener("pointerup", drop);
    element.addEventListener("pointercancel", drop);
    element.addEventListener("click", (event) => {
      if (moved) moved = false;
      else if (event.target.closest(".pin-off")) acts.remove(id);
      else acts.open(id);
    });
    element.addEventListener("focus", () => select(id));
    const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    element.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step || kind !== "spot") return;
      event.preventDefault();
      event.stopPropagation();
      const far = Math.max(1, Math.round((event.shiftKey ? 20 : 4) / view.scale));
      const spot = edits().spots.find((one) => one.id === id);
      moveTo(id, { x: spot.x + step[0] * far, y: spot.y + step[1] * far }, true);
      clearTimeout(timer);
      timer = setTimeout(() => relight(id), REST);
    });
  }

  /** The swatch of a spot that was moved: its colour in the light of the new place. */
  async function relight(id) {
    const photo = app.active;
    const find = () => photo.history.edits.spots.find((one) => one.id === id);
    const spot = find();
    const word = spot && wordOf(spot.fill);
    if (!word) return;
    const [found] = await swatches(photo, spot, [word]).catch(() => []);
    const now = find();
    if (!found || photo !== app.active || now?.x !== spot.x || now.y !== spot.y || now.fill !== spot.fill) return;
    addToStep((all) => put(all, "spots", { ...now, fill: { ...now.fill, swatch: found.color } }));
  }

  /** A spot to another pixel, kept inside the picture. */
  function moveTo(id, { x, y }, live) {
    const spot = edits().spots.find((one) => one.id === id);
    if (!spot) return;
    const inside = (value, length) => Math.min(length - 1, Math.max(0, Math.floor(value)));
    const [nx, ny] = [inside(x, view.size.width), inside(y, view.size.height)];
    if (nx === spot.x && ny === spot.y) return;
    change((now) => put(now, "spots", { ...spot, x: nx, y: ny }), { key: `move:${id}`, live });
  }

  function render() {
    const now = edits();
    const kept = new Set();
    if (now && view.size) {
      now.spots.forEach((one, i) => kept.add(pin(one.id, "spot", one, t("pin.spot", { i: i + 1, name: one.fill.name }), one.fill)));
      now.regions.forEach((one, i) => {
        const what = one.ref ? t("pin.from", { name: one.name }) : one.fill.name;
        kept.add(pin(one.id, one.ref ? "region from-picture" : "region", centreOf(one.mask), t("pin.region", { i: i + 1, name: what }), one.fill));
      });
      clicks.forEach((one, i) => {
        kept.add(pin(one.id, "suggested", one, t("pin.suggested", { i: i + 1, names: one.colors.slice(0, 3).map((c) => colorName(c.name)).join(", ") })));
        pins.get(one.id).element.firstChild.textContent = String(i + 1);
      });
      for (const one of proposals) kept.add(pin(one.id, "proposed", one, t("pin.proposed", { name: one.fill.name, from: one.from }), one.fill));
      if (draft) kept.add(pin("draft", "draft", draft, t("pin.new")));
    }
    for (const [id, { element }] of pins) {
      if (kept.has(id)) continue;
      element.remove();
      pins.delete(id);
    }
    place();
  }

  function place() {
    if (!view.size) return;
    for (const { element, x, y } of pins.values()) {
      const at = view.toScreen(x + 0.5, y + 0.5);
      element.style.transform = `translate(${at.x}px, ${at.y}px)`;
      const there = view.part.result({ x: x + 0.5, y: y + 0.5 });
      const cut = there.x < 0 || there.y < 0 || there.x > view.out.width || there.y > view.out.height;
      element.classList.toggle("off-stage", cut || at.x < -20 || at.y < -20 || at.x > view.width + 20 || at.y > view.height + 20);
    }
  }

  on("edits selection photo session", render);
  on("view", place);
  return {
    render,
    /** A place for which a colour is being chosen, or null. */
    setDraft(place) {
      draft = place;
      render();
    },
    /** Colours that other photographs propose. @param {import("./proposals.js").Proposal[]} found @param {string|null} now */
    setProposals(found, now) {
      [proposals, asked] = [found, now];
      render();
    },
    /** Places that are worth a click. */
    setClicks(found) {
      clicks = found.map((one, i) => ({ ...one, id: `click${i}` }));
      for (const id of [...pins.keys()].filter((one) => one.startsWith("click"))) {
        pins.get(id).element.remove();
        pins.delete(id);
      }
      render();
    },
    get clicks() {
      return clicks;
    },
    focus: (id) => pins.get(id)?.element.focus({ preventScroll: true }),
  };
}
