/** Colours for places: a click asks for one, the picker answers, spots and regions hold it. */

import { app, change, edits, on, select } from "./app.js";
import { hexToLab } from "./color.js";
import { announce } from "./dom.js";
import { newId, put, without } from "./edits.js";
import { t } from "./i18n.js";
import { centreOf } from "./pins.js";
import { chooseReference } from "./references.js";
import * as sessions from "./sessions.js";

/**
 * @param {import("./view.js").View} view
 * @param {() => {picker: any, pins: any, regions: any, compare: any}} parts
 */
export function startHints(view, parts) {
  /** L* of a pixel, from the grey preview: the picker's map shows the colours that it can have. */
  function lightnessAt({ x, y }) {
    const { before } = view.layers;
    if (!before) return 60;
    const probe = new OffscreenCanvas(1, 1).getContext("2d");
    const at = view.inLayer(before, { x: x + 0.5, y: y + 0.5 });
    probe.drawImage(before, Math.floor(at.x), Math.floor(at.y), 1, 1, 0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    return hexToLab(`#${[r, g, b].map((v) => v.toString(16).padStart(2, "0")).join("")}`)[0];
  }

  /** How often a colour was asked for: what is chosen when a marker is opened again is a step of its own. */
  let asked = 0;
  const listOf = (id) => (edits()?.spots.some((one) => one.id === id) ? "spots" : "regions");
  const itemOf = (id) => edits()?.[listOf(id)].find((one) => one.id === id);

  /** Asks for the colour of a place. `make` turns the answer into a spot or region. */
  function ask({ title, anchor, mask = null, colors, id, current = null, list, make, picture = null, reshape = null }) {
    const photo = app.active;
    const asking = ++asked;
    let gesture = 0;
    const uncover = () => {
      const at = view.toScreen(anchor.x + 0.5, anchor.y + 0.5).x;
      if (view.split > 0 && at < view.splitX) parts().compare.set(0);
    };
    parts().picker.open({
      title, anchor, current, colors, lightness: lightnessAt(anchor),
      seen: (colors) => sessions.swatches(photo, mask ? { mask } : anchor, colors),
      reach: list === "spots" ? itemOf(id)?.reach ?? "object" : null,
      pick(fill, live, reach) {
        uncover();
        change((now) => put(now, list, make(fill, reach === "object" ? undefined : reach)), { key: `pick:${id}:${asking}:${gesture}`, live });
        if (!live) gesture += 1;
        parts().pins.setDraft(null);
        if (list === "regions") parts().regions.discard();
        select(id);
        if (!live) announce(fill.keep ? t("keep.set") : t("hint.set", { name: fill.name }));
      },
      picture,
      reshape,
      exists: Boolean(itemOf(id)),
      remove: () => remove(id),
      closed() {
        parts().pins.setDraft(null);
        select(null);
      },
    });
  }

  /** A new spot at a pixel. @param {{x: number, y: number}} pixel @param {Promise<Object[]>} [colors] */
  function begin(pixel, colors) {
    const photo = app.active;
    if (!photo?.session) return;
    const id = newId("spot");
    select(null);
    ask({
      title: t("hint.place"), anchor: pixel, id, list: "spots", colors: colors ?? sessions.colors(photo, edits(), pixel),
      make: (fill, reach) => ({ id, ...pixel, ...(itemOf(id) ?? {}), fill, reach }),
    });
    parts().pins.setDraft(pixel);
  }

  /** A new region. @param {Object} mask run lengths */
  function beginRegion(mask, anchor) {
    const photo = app.active;
    if (!photo?.session) return;
    const id = newId("region");
    ask({
      title: t("hint.area"), anchor, mask, id, list: "regions", colors: sessions.colors(photo, edits(), anchor),
      make: (fill) => ({ id, mask, fill, name: fill.name }),
      picture: photo.film ? null : () => chooseReference((picture) => (now) => put(now, "regions", { id, mask, ref: picture.id, trust: 0.5, name: picture.name }), () => {
        parts().regions.discard();
        parts().picker.close();
      }),
    });
  }

  /** A spot or region that is there already: another colour, or none. */
  function open(id) {
    const item = itemOf(id);
    if (!item) return;
    const photo = app.active;
    const region = listOf(id) === "regions";
    const anchor = region ? centreOf(item.mask) : { x: item.x, y: item.y };
    view.reveal(anchor);
    // The colour that it has now must not narrow the list of likely ones.
    const others = without(edits(), listOf(id), id);
    ask({
      title: t(region ? "hint.area" : "hint.place"), anchor, mask: region ? item.mask : null, id, current: item.fill ?? null, list: listOf(id),
      colors: sessions.colors(photo, others, anchor),
      make: (fill, reach) => ({ ...itemOf(id), ref: undefined, trust: undefined, fill, ...(region ? { name: fill.name } : { reach }) }),
      picture: region && !photo.film ? () => chooseReference(
        (picture) => (now) => put(now, "regions", { ...item, fill: undefined, ref: picture.id, trust: 0.5, name: picture.name }),
        () => parts().picker.close(),
      ) : null,
      reshape: region ? () => { parts().picker.close(); parts().regions.edit(itemOf(id)); } : null,
    });
    select(id);
  }

  function remove(id) {
    const item = itemOf(id);
    if (!item) return;
    parts().picker.close();
    change((now) => without(without(now, "spots", id), "regions", id));
    select(null);
    announce(t("hint.removed"));
    view.stage.focus({ preventScroll: true });
  }

  on("edits", () => {
    // An undo may take away what is selected.
    if (app.selected && !itemOf(app.selected)) select(null);
  });
  /** Another shape for an area that is there. @param {Object} mask run lengths */
  const reshape = (id, mask) => change((now) => (now.regions.some((one) => one.id === id) ? put(now, "regions", { ...itemOf(id), mask }) : now));

  return { begin, beginRegion, open, remove, reshape };
}
