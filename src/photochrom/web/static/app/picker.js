/**
 * The small window in which a colour is chosen: the likely ones of a place first, then any other, by map, by name or #rrggbb.
 * All are shown as light as the place is: a colour is that of a material, and has another look in another light.
 *
 * @typedef {import("./edits.js").Fill} Fill
 * @typedef {Object} Question
 * @property {string} title
 * @property {{x: number, y: number}} anchor a place of the picture
 * @property {number} lightness L* there
 * @property {Promise<Object[]>} colors ranked, as the server gives them
 * @property {Fill|null} current
 * @property {import("./edits.js").Reach|null} reach how far the colour goes; null: it has an area of its own
 * @property {(fill: Fill, live: boolean, reach: import("./edits.js").Reach) => void} pick
 * @property {(colors: (string|number[])[]) => Promise<{color: string, lab: number[]}[]>} seen what colours look like there
 * @property {(() => void)|null} picture colours from a reference picture
 * @property {(() => void)|null} reshape takes the area back under the brush
 * @property {boolean} exists whether there is something to remove
 * @property {() => void} remove
 * @property {() => void} [closed]
 */

import { emit, on } from "./app.js";
import { abToHex, describe, hexToLab } from "./color.js";
import { $, h } from "./dom.js";
import { kept } from "./edits.js";
import { startEyedropper } from "./eyedropper.js";
import { sentence } from "./faults.js";
import { breakable, colorName, colorWord, percent, t } from "./i18n.js";
import { startKinds } from "./kinds.js";
import { OFFERED, WORDS } from "./words.js";
import { makePad } from "./pad.js";
import { recent, used } from "./recent.js";

/** @param {import("./view.js").View} view */
export function startPicker(view) {
  const box = $("#picker");
  const list = $("#picker-list");
  const text = $("#picker-text");
  const fault = $("#picker-fault");
  /** @type {Question|null} */
  let question = null;
  let moved = false;
  /** @type {Fill|null} */
  let fillNow = null;
  const far = $("#picker-far");
  const keep = $("#picker-keep");
  let shown = "likely";
  const kinds = startKinds(show);
  const pad = makePad((lab, live) => choose({ material: lab, swatch: abToHex(lab.slice(1), lab[0]), name: describe(lab) }, live));
  $("#picker-pad").append(pad.element);
  const eyedropper = startEyedropper(view);

  function choose(fill, live = false) {
    fault.hidden = true;
    showKept(false);
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.name === fill.name));
    fillNow = fill;
    question?.pick(fill, live, reachNow());
    if (!live) used(fill);
    removable();
  }

  /** There is something to remove; the button makes the window taller. */
  function removable() {
    if (!$("#picker-remove").hidden) return;
    $("#picker-remove").hidden = false;
    place();
  }

  const reachNow = () => $("input:checked", far)?.value ?? "object";

  function showKept(on) {
    keep.setAttribute("aria-pressed", String(on));
    $("fieldset", far).disabled = on;
  }

  /** Another reach for the colour that is there; without one yet, for the one that will be chosen. */
  function reached() {
    if (fillNow && !fillNow.keep) question?.pick(fillNow, false, reachNow());
  }

  function keepPlace() {
    if (!question || keep.getAttribute("aria-pressed") === "true") return;
    fault.hidden = true;
    fillNow = kept();
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
    question.pick(fillNow, false, reachNow());
    showKept(true);
    removable();
  }

  const row = (name, swatch, share, onclick) => h("li", {}, h("button", {
    type: "button", class: "choice", title: name, "data-name": name, "aria-pressed": String((fillNow ?? question.current)?.name === name), onclick,
  }, h("span", { class: "swatch", style: { background: swatch } }), h("span", { class: "name" }, breakable(name)), h("span", { class: "share" }, share)));

  function option({ color, name: english, share, lab }) {
    const name = colorName(english);
    return row(name, color, share >= 0.005 ? percent(share) : "", () => {
      choose({ material: lab, swatch: color, name });
      pad.show(question.lightness, lab.slice(1));
    });
  }

  const word = (fill) => row(fill.name, fill.swatch, "", () => take(fill));

  /** Shows the likely colours, or one of the groups of people's words, each as it looks at the place. */
  async function show(kind) {
    const asked = question;
    if (!asked) return;
    shown = kind;
    kinds.mark(kind);
    list.replaceChildren(...Array.from({ length: 6 }, () => h("li", { class: "skeleton" })));
    list.setAttribute("aria-busy", "true");
    list.scrollTop = 0;
    let rows = [];
    try {
      if (kind === "likely") rows = (await asked.colors).map(option);
      else rows = (await inLight(asked, WORDS[kind].map((color) => ({ color, name: colorName(color) })))).map(word);
    } catch (error) {
      if (question === asked && shown === kind) say(t("picker.none", { why: sentence(error) }));
    }
    if (question !== asked || shown !== kind) return;
    list.removeAttribute("aria-busy");
    list.replaceChildren(...rows);
  }

  /** Fills with the looks that they have at the place that is asked about; exact ab keep theirs. */
  async function inLight(asked, fills) {
    const given = fills.filter(({ color, material }) => color ?? material);
    const looks = given.length ? await asked.seen(given.map(({ color, material }) => color ?? material)) : [];
    return fills.map((fill) => ({ ...fill, swatch: looks[given.indexOf(fill)]?.color ?? fill.swatch }));
  }

  /** A colour that was given as a whole: shown on the wheel, too. */
  async function take(fill) {
    const asked = question;
    if (!asked) return;
    try {
      const [seen] = await inLight(asked, [fill]);
      if (question !== asked) return;
      choose(seen);
      pad.show(asked.lightness, hexToLab(seen.swatch).slice(1));
    } catch (error) {
      if (question === asked) say(sentence(error));
    }
  }

  function showRecent(colors) {
    $("#picker-recent").hidden = !colors.length;
    $("#picker-recent ul").replaceChildren(...colors.map((fill) => h("li", {}, h("button", {
      type: "button", class: "recent", "aria-label": fill.name, title: fill.name, style: { background: fill.swatch }, onclick: () => take(fill),
    }))));
  }

  /** @param {Question} asked */
  async function open(asked) {
    close();
    question = asked;
    moved = false;
    $("#picker-title").textContent = asked.title;
    $("#picker-picture").hidden = !asked.picture;
    $("#picker-reshape").hidden = !asked.reshape;
    showRecent(recent());
    // One that another version of the page left may be unknown to the server: it keeps its look.
    inLight(asked, recent()).then((colors) => question === asked && showRecent(colors), () => {});
    $("#picker-remove").hidden = !asked.exists;
    fillNow = asked.current;
    far.hidden = !asked.reach;
    $(`input[value="${asked.reach ?? "object"}"]`, far).checked = true;
    showKept(Boolean(asked.current?.keep));
    fault.hidden = true;
    text.value = "";
    const current = asked.current;
    pad.show(asked.lightness, current && !current.keep ? current.ab ?? hexToLab(current.swatch).slice(1) : null);
    box.hidden = false;
    cover(true);
    place();
    $("#picker-close").focus({ preventScroll: true });
    emit("picker");
    await show("likely");
    if (question !== asked) return;
    if (box.contains(document.activeElement) && document.activeElement === $("#picker-close")) $("button", list)?.focus({ preventScroll: true });
    cover(true);
    place();
  }

  function say(message) {
    fault.textContent = message;
    fault.hidden = false;
  }

  function close() {
    if (!question) return;
    const { closed } = question;
    const had = box.contains(document.activeElement) || eyedropper.active;
    eyedropper.stop();
    question = null;
    box.hidden = true;
    cover(false);
    if (had) view.stage.focus({ preventScroll: true });
    closed?.();
  }

  /** On a phone, what the sheet covers is taken from the stage. */
  function cover(on) {
    const sheet = on && getComputedStyle(box).position === "fixed";
    document.body.classList.toggle("picking", on);
    document.body.style.setProperty("--covered", sheet ? `${box.offsetHeight - $(".rail").offsetHeight}px` : "0px");
    document.body.style.setProperty("--covered-side", sheet ? `${box.offsetWidth}px` : "0px");
    if (sheet) requestAnimationFrame(() => question && view.reveal(question.anchor));
  }

  /** Beside its place, wherever there is room, until it is moved; on a phone it is a sheet, and CSS places it. */
  function place() {
    if (!question || moved || box.hidden || getComputedStyle(box).position === "fixed") return;
    const at = view.toScreen(question.anchor.x + 0.5, question.anchor.y + 0.5);
    const [w, tall, gap] = [box.offsetWidth, box.offsetHeight, 22];
    const left = at.x + gap + w < view.width - 8 ? at.x + gap : at.x - gap - w > 8 ? at.x - gap - w : Math.max(8, view.width - w - 8);
    const top = Math.max(8, Math.min(at.y - 60, view.height - tall - 8));
    box.style.left = `${left}px`;
    box.style.top = `${top}px`;
  }

  $("#picker-words").replaceChildren(...OFFERED.map((name) => h("option", { value: colorName(name) })));
  $("#picker-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = question;
    const typed = text.value.trim();
    if (!typed || !asked) return;
    const code = /^#?[0-9a-f]{6}$/i.test(typed) ? `#${typed.replace("#", "").toLowerCase()}` : null;
    await take({ color: code ?? colorWord(typed), swatch: code, name: code ?? typed });
  });
  const head = $(".picker-head", box);
  head.addEventListener("pointerdown", (event) => event.target.closest("button") || head.setPointerCapture(event.pointerId));
  head.addEventListener("pointermove", (event) => {
    if (!head.hasPointerCapture(event.pointerId) || getComputedStyle(box).position === "fixed") return;
    moved = true;
    box.style.left = `${Math.min(view.width - 60, Math.max(60 - box.offsetWidth, box.offsetLeft + event.movementX))}px`;
    box.style.top = `${Math.min(view.height - 40, Math.max(0, box.offsetTop + event.movementY))}px`;
  });
  $("#picker-close").addEventListener("click", close);
  $("#picker-remove").addEventListener("click", () => question?.remove());
  $("#picker-drop").addEventListener("click", () => eyedropper.start(take));
  keep.addEventListener("click", keepPlace);
  far.addEventListener("change", reached);
  $("#picker-reshape").addEventListener("click", () => question?.reshape?.());
  $("#picker-picture").addEventListener("click", () => question?.picture?.());
  on("view", place);
  new ResizeObserver(place).observe(box); // what is offered grows, and the stage may be low
  on("photo", close);
  return { open, close, eyedropper, get isOpen() { return question !== null; } };
}
