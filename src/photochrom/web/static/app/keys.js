/** Everything by keyboard: shortcuts, and the cross that stands for a pointer on the picture. */

import { app, redoStep, setTool, undoStep } from "./app.js";
import { $, announce, h } from "./dom.js";
import { t } from "./i18n.js";

/** Groups of keys; the words are those of `keys.<group>` and `keys.<group>.<n>`. */
const HELP = [
  ["colors", ["C", "B", "R", "K", "V", t("key.delete"), `${t("key.ctrl")} Z, ${t("key.ctrl")} Y`, "G", "O"]],
  ["view", ["+ −", "0", "1", "X", t("key.drag")]],
  ["picture", [t("key.arrows"), t("key.enter"), "Esc"]],
  ["files", [`${t("key.ctrl")} V`, `${t("key.ctrl")} S`, "?"]],
];

/**
 * @param {import("./view.js").View} view
 * @param {Object} parts tools, hints, regions, compare, crop, picker, save
 */
export function startKeys(view, { tools, hints, regions, compare, crop, picker, save }) {
  const { stage } = view;
  const cross = $("#cross");
  const help = $("#help-dialog");
  let at = null;
  let held = false;

  const press = (id) => () => $(`#${id}`).click();
  const KEYS = {
    c: () => setTool("color"), b: () => setTool("brush"), r: () => setTool("box"), k: () => app.active?.film || setTool("crop"), v: () => setTool("hand"),
    g: press("suggest"), o: press("confidence"), x: compare.toggle, "+": () => view.zoomAt(1.25), "=": () => view.zoomAt(1.25), "-": () => view.zoomAt(0.8),
    0: () => view.fit(), 1: () => view.zoomAt(1 / (view.scale * (window.devicePixelRatio || 1))),
    "[": () => regions.resize(-6), "]": () => regions.resize(6), "?": () => help.showModal(),
  };

  const place = () => ({ sx: at.sx, sy: at.sy, ...view.toPicture(at.sx, at.sy) });

  function moveCross(dx, dy) {
    at ??= { sx: view.width / 2, sy: view.height / 2 };
    const { x, y, width, height } = view.visible;
    at.sx = Math.min(x + width - 1, Math.max(x, at.sx + dx));
    at.sy = Math.min(y + height - 1, Math.max(y, at.sy + dy));
    cross.hidden = false;
    cross.style.transform = `translate(${at.sx}px, ${at.sy}px)`;
    if (held) tools[app.tool].move?.(place());
  }

  /** Enter does what a press does: a click, or the beginning and the end of a drag. */
  function enter() {
    moveCross(0, 0);
    const tool = picker.eyedropper.active ? picker.eyedropper.tool : tools[app.tool];
    if (crop.active) crop.done();
    else if (tool.down) {
      held = !held;
      tool[held ? "down" : "up"](place());
      announce(t(held ? "keys.begun" : "keys.ended"));
    } else tool.click?.(place());
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey || !view.size) return;
    if (event.key in ARROWS) {
      event.preventDefault();
      const far = event.shiftKey ? 1 : 12;
      moveCross(ARROWS[event.key][0] * far, ARROWS[event.key][1] * far);
    } else if (event.key === "Enter") {
      event.preventDefault();
      enter();
    }
  });
  stage.addEventListener("focus", () => stage.matches(":focus-visible") && view.size && moveCross(0, 0));
  stage.addEventListener("blur", () => {
    cross.hidden = true;
    if (held) tools[app.tool].cancel?.();
    held = false;
  });
  stage.addEventListener("pointerdown", () => (cross.hidden = true));

  function escape() {
    if (held) tools[app.tool].cancel?.();
    held = false;
    if (crop.active) crop.cancel();
    else if (picker.eyedropper.active) picker.eyedropper.stop();
    else if (picker.isOpen) picker.close();
    else if (regions.hasDraft) regions.discard();
    else if (document.body.classList.contains("sheet-open")) $("#sheet-toggle").click();
  }

  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input[type=text], input[type=password], textarea, select") !== null;
    if (document.querySelector("dialog[open]")) return;
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (control && !writing && (key === "z" || key === "y")) {
      event.preventDefault();
      if (key === "y" || event.shiftKey) redoStep();
      else if (!regions.undo()) undoStep();
    } else if (control && key === "s") {
      event.preventDefault();
      save.savePicture();
    } else if (event.key === "Escape") escape();
    else if (control || event.altKey || writing || !app.active) return;
    else if (key === "delete" || key === "backspace") {
      if (app.selected) hints.remove(app.selected);
    } else if (key === " " && event.target === stage) {
      event.preventDefault();
      stage.classList.add("moving");
    } else if (KEYS[key]) {
      event.preventDefault();
      KEYS[key]();
    }
  });
  document.addEventListener("keyup", (event) => event.key === " " && stage.classList.remove("moving"));

  $("#help-list").append(...HELP.flatMap(([group, keys]) => [h("h3", {}, t(`keys.${group}`)),
    h("dl", {}, keys.flatMap((key, i) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(`keys.${group}.${i}`))]))]));
  $("#help").addEventListener("click", () => help.showModal());
  $("#help-close").addEventListener("click", () => help.close());
}
