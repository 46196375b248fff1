/** The slider between before and after: a line over the picture with a knob that pointer and arrow keys move. */

import { app, on } from "./app.js";
import { $ } from "./dom.js";
import { percent, t } from "./i18n.js";

/** @param {import("./view.js").View} view */
export function startCompare(view) {
  const line = $("#split");
  const knob = $("#split-knob");
  /** In the rail; where that has no room, on a phone, beside the zoom. */
  const buttons = [$("#compare"), $("#compare-here")];
  let last = 0.5;

  function set(share) {
    view.split = Math.min(1, Math.max(0, share));
    if (view.split > 0.02) last = view.split;
    view.draw();
    place();
  }

  function place() {
    const { x, y, width, height } = view.visible;
    line.hidden = !app.active || !view.layers.after;
    line.style.transform = `translate(${view.splitX}px, ${y}px)`;
    line.style.height = `${height}px`;
    const share = Math.round(view.split * 100);
    knob.setAttribute("aria-valuenow", String(share));
    knob.setAttribute("aria-valuetext", share === 0 ? t("split.after") : share === 100 ? t("split.before") : t("split.share", { share: percent(share / 100) }));
    line.classList.toggle("at-start", share === 0);
    for (const button of buttons) button.setAttribute("aria-pressed", String(view.split > 0));
    return { x, width };
  }

  knob.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    knob.setPointerCapture(event.pointerId);
    const box = view.stage.getBoundingClientRect();
    const grip = event.clientX - box.left - view.splitX;
    const move = (now) => {
      const { x, width } = view.visible;
      set((now.clientX - box.left - grip - x) / width);
    };
    const end = () => {
      knob.removeEventListener("pointermove", move);
      ["pointerup", "pointercancel"].forEach((type) => knob.removeEventListener(type, end));
    };
    knob.addEventListener("pointermove", move);
    ["pointerup", "pointercancel"].forEach((type) => knob.addEventListener(type, end));
  });

  const STEPS = { ArrowLeft: -0.02, ArrowRight: 0.02, ArrowDown: -0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -2, End: 2 };
  knob.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    event.stopPropagation();
    set(view.split + STEPS[event.key]);
  });

  const toggle = () => set(view.split > 0 ? 0 : last);
  for (const button of buttons) button.addEventListener("click", toggle);
  on("view painted", place);
  return { set, toggle, place };
}
