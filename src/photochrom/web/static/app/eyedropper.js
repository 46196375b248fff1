/** A colour from the photograph itself: while it is asked for, the next click on the picture gives the colour that is seen there. */

import { describe, hexToLab, toHex } from "./color.js";
import { $, announce, hideToast, toast } from "./dom.js";
import { t } from "./i18n.js";

/** @param {import("./view.js").View} view */
export function startEyedropper(view) {
  const button = $("#picker-drop");
  let waiting = null;

  /** The colour on the screen at a place of the picture: the mean of 3 x 3 pixels of the preview. */
  function colorAt({ x, y }) {
    const left = view.toScreen(x, y).x < view.splitX;
    const picture = (left ? view.layers.before : view.layers.after) ?? view.layers.before;
    const at = view.inLayer(picture, { x, y });
    const probe = new OffscreenCanvas(1, 1).getContext("2d");
    probe.drawImage(picture, Math.max(0, at.x - 1), Math.max(0, at.y - 1), 3, 3, 0, 0, 1, 1);
    return toHex([...probe.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => value / 255));
  }

  function stop() {
    if (!waiting) return;
    waiting = null;
    button.setAttribute("aria-pressed", "false");
    view.stage.classList.remove("dropping-colour");
    hideToast("dropper");
    if (document.activeElement === view.stage) button.focus({ preventScroll: true });
  }

  /** @param {(fill: import("./edits.js").Fill) => void} then */
  function start(then) {
    if (waiting) return stop();
    waiting = then;
    button.setAttribute("aria-pressed", "true");
    view.stage.classList.add("dropping-colour");
    // The picker is out of sight: keys go to the cross on the photograph, and the line tells what is waited for.
    view.stage.focus({ preventScroll: true });
    toast(t("picker.drop.hint"), { stay: true, about: "dropper", action: t("cancel"), act: stop });
    announce(t("picker.drop.hint"));
    return undefined;
  }

  return {
    start, stop,
    get active() {
      return waiting !== null;
    },
    tool: {
      click({ sx, sy }) {
        const pixel = view.pixelAt(sx, sy);
        if (!pixel) return;
        const swatch = colorAt(pixel);
        const material = hexToLab(swatch).map((part) => Math.round(part * 10) / 10);
        const then = waiting;
        stop();
        then({ material, swatch, name: describe(material) });
      },
    },
  };
}
