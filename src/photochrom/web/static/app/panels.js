/** The dials, and the list of colours that were placed. */

import { app, change, edits, endGesture, on, redoStep, undoStep } from "./app.js";
import { $, h, icon } from "./dom.js";
import { PLAIN, isPlain } from "./edits.js";
import { fill, percent, t } from "./i18n.js";
import { notice } from "./notices.js";

const DIALS = ["vividness", "warmth", "palette_strength"];
const READ = {
  vividness: percent,
  palette_strength: percent,
  warmth: (value) => (value === 0 ? "0" : `${value > 0 ? "+" : "−"}${Math.round(Math.abs(value) * 100)}`),
};

/** @param {{open: (id: string) => void, remove: (id: string) => void}} hints */
export function startPanels(hints) {
  for (const name of DIALS) {
    const input = $(`#${name}`);
    input.addEventListener("input", () => change((now) => ({ ...now, [name]: Number(input.value) }), { key: `dial:${name}`, live: true }));
    // A finished drag is a step of its own: the next one is undone by itself.
    input.addEventListener("change", endGesture);
    input.addEventListener("dblclick", () => change((now) => ({ ...now, [name]: PLAIN[name] })));
  }
  const smooth = $("#smooth");
  smooth.addEventListener("change", () => change((now) => ({ ...now, smooth: smooth.value })));
  $("#undo").addEventListener("click", undoStep);
  $("#redo").addEventListener("click", redoStep);
  $("#reset").addEventListener("click", () => change(() => PLAIN));

  function row(one, kind) {
    const name = one.ref ? one.name : one.fill.name;
    return h("li", { class: one.id === app.selected ? "placed selected" : "placed" },
      h("button", { type: "button", class: "row", "data-id": one.id, onclick: () => hints.open(one.id) },
        h("span", { class: kind === "region" ? "swatch square" : "swatch", style: one.fill ? { background: one.fill.swatch } : {} }, one.ref ? icon("picture") : ""),
        h("span", { class: "name" }, name),
        h("span", { class: "kind" }, t(kind === "region" ? "area" : "place"))),
      h("button", { type: "button", class: "icon-button", "aria-label": t("remove.one", { name }), onclick: () => hints.remove(one.id) }, icon("close")));
  }

  function render() {
    const photo = app.active;
    const now = edits();
    if (!photo || !now) return;
    for (const name of DIALS) {
      $(`#${name}`).value = String(now[name]);
      const text = READ[name](now[name]);
      $(`#${name}-value`).textContent = text;
      $(`#${name}`).setAttribute("aria-valuetext", text);
      $(`#${name}`).style.setProperty("--at", String((now[name] - Number($(`#${name}`).min)) / (Number($(`#${name}`).max) - Number($(`#${name}`).min))));
    }
    smooth.value = now.smooth;
    $("#undo").disabled = !photo.history.past.length;
    $("#redo").disabled = !photo.history.future.length;
    $("#reset").disabled = isPlain(now);
    const count = now.spots.length + now.regions.length;
    $("#placed-count").textContent = count ? String(count) : "";
    $("#placed-none").hidden = count > 0;
    $("#placed").setAttribute("aria-label", t("placed.count", { n: count }));
    $("#placed").replaceChildren(...now.spots.map((one) => row(one, "spot")), ...now.regions.map((one) => row(one, "region")));
  }

  function about() {
    const photo = app.active;
    if (!photo) return;
    const { session, size } = photo;
    $("#photo-name").textContent = photo.name;
    $("#photo-name").title = photo.name;
    const facts = [];
    if (size) facts.push(`${size.width} × ${size.height}`);
    if (photo.film?.shots) facts.push(t("film.shots.count", { n: photo.film.shots.length }));
    else if (session) facts.push(t("bits", { n: session.bit_depth }), String(session.format).toUpperCase());
    $("#photo-facts").textContent = facts.join(" · ");
    $("#notices").replaceChildren(...(photo.film?.notices ?? session?.notices ?? []).map((text) => {
      const item = h("li");
      fill(item, notice(text));
      return item;
    }));
    document.title = `${photo.name} – Photochrom`;
  }

  on("edits photo selection", render);
  on("photo session", about);
  return { render };
}
