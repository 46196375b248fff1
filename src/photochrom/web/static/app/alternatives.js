/** Four ways to colour the photograph, to choose from; what was placed by hand stays in each. They are kept for a reload. */

import { app, change, edits, on } from "./app.js";
import { $, announce, h } from "./dom.js";
import { sentence } from "./faults.js";
import { t } from "./i18n.js";
import * as sessions from "./sessions.js";
import { savePreviews } from "./store.js";

const THUMB = 240;
/** Whether there is no way but the automatic one, which needs no hints. */
const alone = (ways) => ways.every(({ hints }) => !hints.length);

export function startAlternatives() {
  const list = $("#alternative-list");
  const button = $("#alternatives-show");
  const note = $("#alternatives-note");
  const bar = $("#alternatives-progress");
  const addresses = [];
  let busy = null;

  function mark() {
    const base = JSON.stringify(edits()?.base ?? []);
    const ways = app.active?.alternatives?.ways ?? [];
    list.querySelectorAll("button").forEach((one, i) => one.setAttribute("aria-pressed", String(JSON.stringify(ways[i]?.hints) === base)));
  }

  function step(done, all) {
    bar.hidden = false;
    $("progress", bar).max = all;
    $("progress", bar).value = done;
    $("span", bar).textContent = done ? t("alternatives.painting", { done, all }) : t("alternatives.looking");
  }

  /** Shows what is known of the active photograph's ways. */
  function render() {
    const photo = app.active;
    addresses.splice(0).forEach((one) => URL.revokeObjectURL(one));
    const { ways = [], thumbs = [] } = photo?.alternatives ?? {};
    const first = ways[0]?.hints.length ? 1 : 0;
    list.replaceChildren(...ways.map(({ hints }, i) => {
      if (thumbs[i]) addresses.push(URL.createObjectURL(thumbs[i]));
      return h("li", {}, h("button", { type: "button", class: "card", "aria-pressed": "false", onclick: () => change((before) => ({ ...before, base: hints })) },
        h("img", { alt: "", ...(thumbs[i] ? { src: addresses.at(-1) } : {}) }),
        h("span", { class: "name" }, i === 0 && !first ? t("alternatives.automatic") : t("alternatives.name", { i: i + first }))));
    }));
    button.textContent = t(ways.length ? "alternatives.others" : "alternatives.show");
    note.textContent = !photo?.alternatives || ways.length >= 4 ? "" : t(alone(ways) ? "alternatives.only" : "alternatives.few");
    mark();
  }

  async function show() {
    const photo = app.active;
    if (!photo || busy === photo) return;
    busy = photo;
    button.disabled = true;
    list.setAttribute("aria-busy", "true");
    const here = () => photo === app.active;
    const seed = (photo.alternatives?.seed ?? -1) + 1;
    const now = edits();
    try {
      step(0, 5);
      if (!photo.alternatives) list.replaceChildren(...Array.from({ length: 4 }, () => h("li", { class: "skeleton picture" })));
      const ways = await sessions.alternatives(photo, { ...now, base: [] }, seed);
      photo.alternatives = { ways, thumbs: [], seed };
      if (here()) render();
      let done = 1;
      if (here()) step(done, ways.length + 1);
      await Promise.all(ways.map(async ({ hints }, i) => {
        photo.alternatives.thumbs[i] = await sessions.paint(photo, { ...now, base: hints }, { size: THUMB });
        if (!here()) return;
        step(++done, ways.length + 1);
        addresses.push(URL.createObjectURL(photo.alternatives.thumbs[i]));
        $("img", list.children[i]).src = addresses.at(-1);
      }));
      savePreviews(photo);
      if (here()) announce(alone(ways) ? t("alternatives.only") : t("alternatives.found", { n: ways.length }));
    } catch (error) {
      if (here()) {
        render();
        note.textContent = t("alternatives.none", { why: sentence(error) });
      }
    }
    busy = null;
    bar.hidden = true;
    button.disabled = false;
    list.removeAttribute("aria-busy");
  }

  button.addEventListener("click", show);
  on("edits", mark);
  on("photo", () => {
    bar.hidden = true;
    render();
  });
}
