/** What a step did, in a few words. */

import { DIALS, dialName, dialText } from "./dials.js";
import { colorNames, has, t } from "./i18n.js";

const nameOf = (one) => one.name ?? one.fill?.name ?? "";

/** @param {import("./history.js").Step} step @param {import("./app.js").Photo|null} photo */
export function labelOf({ diff: { set, lists } }, photo = null) {
  const found = [];
  for (const [list, { add, drop, change }] of Object.entries(lists)) {
    const kind = { spots: "spot", regions: "region", references: "reference" }[list];
    for (const one of add) found.push(t(`step.${kind}`, { name: one.fill?.name ?? nameOf(one) }));
    for (const { id, set: now } of change) {
      const one = photo?.history.edits[list].find((item) => item.id === id);
      const name = now.fill?.name ?? now.name ?? (one ? one.fill?.name ?? nameOf(one) : "");
      const part = now.mask ? "area" : "x" in now || "y" in now ? "moved" : "changed";
      const what = now.fill || now.ref ? kind : "reach" in now ? "reach" : part;
      found.push(t(`step.${what}`, { name, reach: t(`reach.${now.reach ?? "object"}`) }));
    }
    if (drop.length) found.push(t("step.removed", { n: drop.length }));
  }
  const known = has(`palette.${set.palette}`) ? t(`palette.${set.palette}`) : colorNames(set.palette ?? "");
  const palette = photo?.refs.find(({ id }) => id === set.palette)?.name ?? known;
  if ("palette" in set) found.push(set.palette === null ? t("step.no-palette") : t("step.palette", { name: palette }));
  for (const dial of DIALS.filter(({ name }) => name in set)) {
    found.push(`${dialName(dial)}${dial.options ? ":" : ""} ${dialText(dial, set[dial.name])}`);
  }
  if ("geometry" in set) found.push(t(set.geometry ? "step.crop" : "step.no-crop"));
  if ("base" in set) found.push(t(set.base.length ? "step.alternative" : "step.automatic"));
  return found.length > 3 ? t("step.several", { n: found.length }) : found.join(", ");
}
