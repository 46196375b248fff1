/** What the list of colours shows: the likely ones of the place, or people's words for skin, hair, cloth and things. */

import { $, h } from "./dom.js";
import { t } from "./i18n.js";
import { WORDS } from "./words.js";

/** The first is shown first. */
export const KINDS = ["likely", ...Object.keys(WORDS)];

/** @param {(kind: string) => void} chosen */
export function startKinds(chosen) {
  const buttons = KINDS.map((kind) => h("button", {
    type: "button", class: "kind-tab", "data-kind": kind, "aria-pressed": "false", onclick: () => chosen(kind),
  }, t(`kind.${kind}`)));
  $("#picker-kinds").replaceChildren(...buttons);
  return {
    /** Marks the one that is shown. */
    mark(kind) {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
      $("#picker-list").setAttribute("aria-label", kind === "likely" ? t("picker.list") : t(`kind.${kind}`));
    },
  };
}
