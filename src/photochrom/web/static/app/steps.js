/** The list of steps: the newest first, each with a small picture of what it made, and a switch. */

import { app, on, rewrite } from "./app.js";
import { $, announce, h, icon } from "./dom.js";
import { toggle } from "./history.js";
import { t } from "./i18n.js";
import { labelOf } from "./labels.js";

export function startSteps() {
  const list = $("#history-list");
  const section = $("#history-section");
  const addresses = new Map();

  function picture(photo, id) {
    const blob = photo.thumbs.get(id);
    if (!blob) return h("span", { class: "step-picture" });
    if (!addresses.has(blob)) addresses.set(blob, URL.createObjectURL(blob));
    return h("img", { class: "step-picture", src: addresses.get(blob), alt: "" });
  }

  function row(photo, step) {
    const label = labelOf(step, photo);
    return h("li", { class: step.off ? "step off" : "step" }, h("label", {},
      h("input", {
        type: "checkbox", role: "switch", checked: !step.off, "data-step": step.id,
        onchange: () => {
          rewrite((old) => toggle(old, step.id));
          announce(t(step.off ? "history.on" : "history.off", { what: label }));
          $(`[data-step="${step.id}"]`, list)?.focus();
        },
      }),
      step.error ? icon("warning") : picture(photo, step.id),
      h("span", { class: "name" }, label, ...(step.error ? [h("span", { class: "fault" }, step.error)] : []))));
  }

  function render() {
    const photo = app.active;
    if (!photo) return;
    const { steps } = photo.history;
    $("#history-count").textContent = steps.length ? String(steps.length) : "";
    $("#history-none").hidden = steps.length > 0;
    if (section.open) list.replaceChildren(...steps.toReversed().map((step) => row(photo, step)));
  }

  section.addEventListener("toggle", render);
  on("edits photo", render);
  on("thumb", ({ photo, id }) => {
    const input = photo === app.active && $(`[data-step="${id}"]`, list);
    if (input) $(".step-picture", input.parentElement)?.replaceWith(picture(photo, id));
  });
}
