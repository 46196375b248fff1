/** Four ways to colour the photograph, to choose from; what was placed by hand stays in each. */

import { app, change, edits, on } from "./app.js";
import { sentence } from "./api.js";
import { $, announce, h } from "./dom.js";
import * as sessions from "./sessions.js";

const THUMB = 320;

export function startAlternatives() {
  const list = $("#alternative-list");
  const button = $("#alternatives-show");
  let seed = 0;
  /** @type {{hints: Object[]}[]} */
  let found = [];

  function mark() {
    const base = JSON.stringify(edits()?.base ?? []);
    list.querySelectorAll("button").forEach((one, i) => one.setAttribute("aria-pressed", String(JSON.stringify(found[i]?.hints) === base)));
  }

  async function show() {
    const photo = app.active;
    if (!photo) return;
    button.disabled = true;
    list.setAttribute("aria-busy", "true");
    list.replaceChildren(...Array.from({ length: 4 }, () => h("li", { class: "skeleton picture" })));
    try {
      const now = edits();
      const answer = await sessions.alternatives(photo, { ...now, base: [] }, seed++);
      if (photo !== app.active) return;
      found = answer;
      const cards = found.map(({ hints }, i) => h("li", {}, h("button", {
        type: "button", class: "card", "aria-pressed": "false",
        onclick: () => change((before) => ({ ...before, base: hints })),
      }, h("img", { alt: "" }), h("span", { class: "name" }, i === 0 && !hints.length ? "Automatic" : `Alternative ${i + (found[0].hints.length ? 1 : 0)}`))));
      list.replaceChildren(...cards);
      mark();
      for (const [i, { hints }] of found.entries()) {
        const blob = await sessions.paint(photo, { ...now, base: hints }, { size: THUMB });
        if (photo !== app.active) return;
        $("img", cards[i]).src = URL.createObjectURL(blob);
      }
      button.textContent = "Show others";
      $("#alternatives-note").textContent = found.length < 4 ? "The model is sure of most of this photograph: there are fewer ways." : "";
      announce(`${found.length} ways to colour the photograph.`);
    } catch (error) {
      list.replaceChildren();
      $("#alternatives-note").textContent = `None: ${sentence(error)}`;
    } finally {
      button.disabled = false;
      list.removeAttribute("aria-busy");
    }
  }

  button.addEventListener("click", show);
  on("edits", mark);
  on("photo", () => {
    found = [];
    seed = 0;
    list.replaceChildren();
    button.textContent = "Show four ways";
    $("#alternatives-note").textContent = "";
  });
}
