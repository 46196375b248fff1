/** The dials, and the list of colours that were placed. */

import { app, change, edits, endGesture, on, redoStep, undoStep } from "./app.js";
import { DIALS, dialName, dialText, dialsOf } from "./dials.js";
import { $, fileName, h, icon } from "./dom.js";
import { PLAIN, isPlain } from "./edits.js";
import { viewOf } from "./geometry.js";
import { fill, t } from "./i18n.js";
import { notice } from "./notices.js";

/** The control of a dial, in the place that the page has for it, or for its kind. @param {import("./dials.js").Dial} dial */
function addDial(dial) {
  const { name, low, high, whole, options } = dial;
  const place = $(`[data-dial="${name}"]`) ?? $(options ? "#choices" : "#dials");
  const set = (value, how) => change((now) => ({ ...now, [name]: value }), how);
  if (options) {
    const select = h("select", { id: name, onchange: () => set(select.value) },
      options.map((value) => h("option", { value }, dialText(dial, value))));
    place.append(h("label", { class: "field" }, h("span", {}, dialName(dial)), select));
    return;
  }
  const input = h("input", {
    id: name, type: "range", min: low, max: high, step: whole ? 1 : 0.01, title: t("dial.title"),
    oninput: () => set(Number(input.value), { key: `dial:${name}`, live: true }),
    // A finished drag is a step of its own: the next one is undone by itself.
    onchange: endGesture,
    ondblclick: () => set(PLAIN[name]),
  });
  place.append(h("div", { class: "dial" },
    h("label", { for: name }, dialName(dial)), h("output", { id: `${name}-value`, for: name }), input));
}

/** @param {{open: (id: string) => void, remove: (id: string) => void}} hints */
export function startPanels(hints) {
  DIALS.forEach(addDial);
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
    const values = dialsOf(now);
    for (const dial of DIALS) {
      const control = $(`#${dial.name}`);
      const value = values[dial.name];
      control.value = String(value);
      if (dial.options) continue;
      const text = dialText(dial, value);
      $(`#${dial.name}-value`).textContent = text;
      control.setAttribute("aria-valuetext", text);
      control.style.setProperty("--at", String((value - dial.low) / (dial.high - dial.low)));
    }
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
    $("#photo-name").replaceChildren(...fileName(photo.name));
    $("#photo-name").title = photo.name;
    const facts = [];
    if (size) {
      const out = viewOf(photo.history.edits.geometry, size).size;
      facts.push(`${out.width} × ${out.height}`);
    }
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
  on("edits photo session", about);
  return { render };
}
