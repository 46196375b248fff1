/**
 * The object tool: a click, or a box, becomes the mask of the object there; with "Add" or "Erase" strokes edit that mask in place,
 * and that of an area that has its colour already, while it is selected.
 */

import { app, edits, on } from "./app.js";
import { $, announce, hideToast, toast } from "./dom.js";
import { sentence } from "./faults.js";
import { t } from "./i18n.js";
import { decode } from "./rle.js";
import * as sessions from "./sessions.js";

/** A box smaller than this on the screen is a click. */
const CLICK = 6;
/** Radius of a stroke on the screen; and so many places of it are sent at the most. */
const RADIUS = 9;
const PLACES = 200;

/**
 * @param {import("./view.js").View} view
 * @param {Object} area the draft: see regions.js
 * @param {(id: string, mask: Object) => void} reshape gives an area that has its colour another shape
 */
export function startObjects(view, area, reshape) {
  const rubber = $("#rubber");
  const modes = [$("#object-add"), $("#object-erase")];
  let corner = null;
  /** The places of the stroke that is drawn. @type {{x: number, y: number}[]|null} */
  let stroke = null;
  /** Questions are asked one after the other: each goes on from the mask that the last one gave. */
  let asked = Promise.resolve();

  const mode = () => modes.find((button) => button.getAttribute("aria-pressed") === "true" && !button.disabled);
  const erasing = () => mode() === modes[1];
  const selected = () => edits()?.regions.find((one) => one.id === app.selected) ?? null;

  function refresh() {
    for (const button of modes) button.disabled = !area.any && !selected();
    if (modes[0].disabled) press(null);
  }

  function press(wanted) {
    for (const button of modes) button.setAttribute("aria-pressed", String(button === wanted && button.getAttribute("aria-pressed") !== "true"));
  }

  function stretch(a, b) {
    const [from, to] = [view.toScreen(a.x, a.y), view.toScreen(b.x, b.y)];
    Object.assign(rubber.style, {
      left: `${Math.min(from.x, to.x)}px`, top: `${Math.min(from.y, to.y)}px`,
      width: `${Math.abs(from.x - to.x)}px`, height: `${Math.abs(from.y - to.y)}px`,
    });
    rubber.hidden = false;
  }

  /** The server's mask, or null where it finds none, which is said, or where another photograph is shown by now. */
  async function ask(question) {
    const photo = app.active;
    view.stage.classList.add("growing");
    try {
      const mask = await sessions.grow(photo, question);
      hideToast("box");
      return photo === app.active ? mask : null;
    } catch (error) {
      if (photo !== app.active) return null;
      const text = t("box.none", { why: sentence(error) });
      toast(text, { kind: "error", about: "box" });
      announce(text);
      return null;
    } finally {
      view.stage.classList.remove("growing");
    }
  }

  /** The object at a place, or in a box between two, becomes the draft, and its colour is asked for. */
  async function find(a, b) {
    rubber.hidden = true;
    const { width, height } = view.size;
    const inside = (value, length) => Math.min(length, Math.max(0, Math.round(value)));
    const box = [inside(Math.min(a.x, b.x), width), inside(Math.min(a.y, b.y), height), inside(Math.max(a.x, b.x), width), inside(Math.max(a.y, b.y), height)];
    const click = Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) * view.scale < CLICK;
    if (!click && (box[2] - box[0] < 2 || box[3] - box[1] < 2)) return;
    if (click || $("#box-grow").checked) {
      const mask = await ask(click ? { scribbles: [{ points: [placeOf(a)] }] } : { box });
      if (!mask) return;
      area.take(mask);
    } else area.takeBox(box);
    announce(t("box.marked"));
    area.choose();
  }

  const placeOf = ({ x, y }) => [Math.floor(x), Math.floor(y)];

  /** The draft, or the selected area, with what belongs to the object under a stroke, or without what does not. */
  async function refine({ points, erase, radius, id }) {
    const before = id ? edits()?.regions.find((one) => one.id === id)?.mask : area.mask;
    if (!before) return;
    const thin = Math.ceil(points.length / PLACES);
    const scribble = { points: points.filter((_, i) => i % thin === 0).map(placeOf), radius, erase };
    const mask = await ask({ mask: before, scribbles: [scribble] });
    if (!mask) return;
    if (!decode(mask).data.includes(1)) {
      toast(t("object.empty"), { about: "box" });
      announce(t("object.empty"));
    } else if (id) reshape(id, mask);
    else {
      area.take(mask);
      if (!$("#picker").hidden) area.choose();
    }
  }

  modes.forEach((button) => button.addEventListener("click", () => press(button)));
  on("selection edits photo", refresh);
  on("photo", () => press(null));
  on("tool", () => {
    corner = stroke = null;
    rubber.hidden = true;
    press(null);
  });

  return {
    refresh,
    tool: {
      down(place) {
        if (mode()) {
          stroke = [place];
          area.mark(stroke, erasing(), RADIUS / view.scale);
        } else corner = place;
        return true;
      },
      move(place) {
        if (stroke) {
          stroke.push(place);
          area.mark(stroke, erasing(), RADIUS / view.scale);
        } else if (corner) stretch(corner, place);
      },
      up(place) {
        const [from, points] = [corner, stroke];
        corner = stroke = null;
        if (from) asked = asked.then(() => find(from, place));
        if (!points) return;
        const drawn = { points, erase: erasing(), radius: RADIUS / view.scale, id: area.any ? null : app.selected };
        asked = asked.then(() => refine(drawn)).finally(() => area.mark(null));
      },
      cancel() {
        corner = stroke = null;
        rubber.hidden = true;
        area.mark(null);
      },
    },
  };
}
