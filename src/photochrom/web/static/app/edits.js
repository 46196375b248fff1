/**
 * What the user wants of one photograph, as one immutable value, and its form on the wire (the sidecar's words).
 *
 * @typedef {{material?: [number, number, number], color?: string, ab?: [number, number], keep?: true, swatch: string, name: string}} Fill
 *     a material by its L*, a*, b* or by its name or #rrggbb, or exact ab; or `keep`: the place as it is without hints
 * @typedef {"here"|"object"|"alike"} Reach  how far a colour goes
 * @typedef {{id: string, x: number, y: number, fill: Fill, radius?: number, strength?: number, reach?: Reach}} Spot  pixels of the picture
 * @typedef {{id: string, mask: Object, fill?: Fill, ref?: string, trust?: number, name: string, strength?: number}} Region
 *     a mask in run lengths with a colour, or with the key of a reference picture
 * @typedef {{id: string, ref: string, trust: number, name: string}} Reference  for the whole photograph
 * @typedef {Object} Edits
 *     and a value for each dial (dials.js)
 * @property {string|null} palette a name, colours with commas, or the key of a reference picture
 * @property {Spot[]} spots
 * @property {Region[]} regions
 * @property {Reference[]} references
 * @property {import("./geometry.js").Geometry|null} geometry the part that the picture is; null: all of it, as it was opened
 * @property {Object[]} base hints of the alternative that was chosen, as the server gave them
 */

import { swatchOf } from "./color.js";
import { DIALS, dialsOf } from "./dials.js";
import { WHOLE, plain } from "./geometry.js";
import { t } from "./i18n.js";

/** @type {Edits} */
export const PLAIN = Object.freeze({
  ...dialsOf({}), palette: null, spots: [], regions: [], references: [], base: [], geometry: null,
});

let counter = 0;

/** A key that no other thing of this page has. */
export const newId = (kind) => `${kind}${Date.now().toString(36)}${(counter++).toString(36)}`;

/** Adds a spot or a region, or replaces the one with its id. @returns {Edits} */
export function put(edits, list, item) {
  const known = edits[list].some((one) => one.id === item.id);
  const items = known ? edits[list].map((one) => (one.id === item.id ? item : one)) : [...edits[list], item];
  return { ...edits, [list]: items };
}

/** @returns {Edits} */
export function without(edits, list, id) {
  const items = edits[list].filter((one) => one.id !== id);
  return items.length === edits[list].length ? edits : { ...edits, [list]: items };
}

/** How a fill's colour is written. */
export const colour = ({ material, ab, color, keep }) => (keep ? { keep } : material ? { material } : ab ? { ab } : { color });
/** A fill as the server is asked what it looks like; null where it has no colour. @param {Fill} fill */
export const wordOf = ({ material, ab, color }) => material ?? (ab ? `lab:${ab.join(",")}` : color) ?? null;
/** What a spot holds whose place is kept as it is. @returns {Fill} */
export const kept = () => ({ keep: true, swatch: "", name: t("keep.name") });
const given = (pairs) => Object.fromEntries(Object.entries(pairs).filter(([, value]) => value !== undefined));

/** Whether a palette is the key of a reference picture. */
const isPicture = (palette) => /^ref[0-9a-z]{9,}$/.test(palette ?? "");

/** Keys of the pictures that edits take colours from. @param {Edits} edits */
export const picturesOf = (edits) => [edits.palette, ...[...edits.references, ...edits.regions].map(({ ref }) => ref)].filter(Boolean);

/**
 * The edits as the server takes them: pictures for the whole first, then the alternative, regions in their order, spots.
 * @param {Edits} edits @param {Map<string, string>} refs keys of pictures here -> their ids at the server
 */
export function toWire(edits, refs) {
  const hints = [...edits.base];
  const references = [];
  const order = [];
  // A picture that the server does not have is left out.
  const refer = ({ ref, trust }, mask) => refs.has(ref) && order.push(-references.push({ id: refs.get(ref), mask, trust }));
  for (const one of edits.references) refer(one, null);
  edits.base.forEach((_, index) => order.push(index));
  for (const one of edits.regions) {
    if (one.ref) refer(one, one.mask);
    else order.push(hints.push(given({ mask: one.mask, ...colour(one.fill), spread: "inside", strength: one.strength })) - 1);
  }
  for (const { x, y, fill, radius, strength, reach } of edits.spots) {
    order.push(hints.push(given({ x, y, ...colour(fill), radius, ...(fill.keep ? {} : { strength, reach }) })) - 1);
  }
  const palette = refs.get(edits.palette) ?? (isPicture(edits.palette) ? null : edits.palette);
  return { ...dialsOf(edits), palette, ...edits.geometry, hints, references, order };
}

/**
 * The inverse. @param {Object} wire @param {(serverId: string) => {ref: string, name: string}} found
 * @param {string[]} swatches of the hints @returns {Edits}
 */
export function fromWire(wire, found, swatches = []) {
  const edits = { ...PLAIN, spots: [], regions: [], references: [], base: [] };
  for (const key of [...DIALS.map(({ name }) => name), "palette"]) {
    if (wire[key] !== undefined && wire[key] !== null) edits[key] = wire[key];
  }
  edits.palette = found(edits.palette).ref ?? edits.palette;
  edits.geometry = plain({ ...WHOLE, ...given({ rotate: wire.rotate, straighten: wire.straighten, crop: wire.crop }) });
  const hints = wire.hints ?? [];
  const references = wire.references ?? [];
  const order = wire.order?.length ? wire.order : [...references.map((_, i) => -1 - i), ...hints.map((_, i) => i)];
  for (const index of order) {
    if (index < 0) {
      const { id, mask, trust = 0.5 } = references[-1 - index] ?? {};
      const { ref, name } = found(id);
      if (!ref) continue;
      if (mask) edits.regions.push({ id: newId("region"), mask, ref, trust, name });
      else edits.references.push({ id: newId("ref"), ref, trust, name });
      continue;
    }
    const hint = hints[index];
    const { x, y, ab, color, material, keep, radius, strength, reach, mask, spread } = hint;
    const fill = keep ? kept() : given({ ab, color, material, ...swatchOf({ ab, color, material, swatch: swatches[index] }) });
    if (!mask) edits.spots.push(given({ id: newId("spot"), x, y, fill, radius: radius ?? undefined, strength, reach: reach === "object" ? undefined : reach }));
    else if (!keep && (spread ?? "inside") === "inside") edits.regions.push(given({ id: newId("region"), mask, fill, strength, name: fill.name }));
    else edits.base.push(hint);
  }
  return edits;
}

/** Whether anything was changed. */
export const isPlain = (edits) => Object.keys(PLAIN).every((key) => JSON.stringify(edits[key] ?? null) === JSON.stringify(PLAIN[key]));
