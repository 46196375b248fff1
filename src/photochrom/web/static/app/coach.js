/** The first click, taught on a picture that ships with the page: click, choose, compare and save. It can be left at any step. */

import { app, edits, on } from "./app.js";
import { $, announce, toast } from "./dom.js";
import { t } from "./i18n.js";

const SAMPLE = "static/app/sample.jpg";
const NAME = "example.jpg";
/** The place to click, in shares of the sample's sides. */
const PLACE = { x: 0.235, y: 0.78 };

/** @param {import("./view.js").View} view @param {{add: (files: File[]) => Promise<void>}} queue @param {() => void} choose opens the user's own */
export function startCoach(view, queue, choose) {
  const box = $("#coach");
  const ring = $("#coach-ring");
  let step = 0;

  function show(next) {
    step = next;
    box.hidden = step === 0;
    ring.hidden = step !== 1;
    if (!step) return;
    $("#coach-count").textContent = t("coach.count", { i: step });
    $("#coach-text").textContent = t(`coach.${step}`);
    $("#coach-skip").textContent = t(step === 3 ? "coach.stay" : "coach.skip");
    $("#coach-own").hidden = step !== 3;
    announce(t(`coach.${step}`));
    place();
  }

  function place() {
    if (step !== 1 || !view.size) return;
    const at = view.toScreen(PLACE.x * view.size.width, PLACE.y * view.size.height);
    ring.style.transform = `translate(${at.x}px, ${at.y}px)`;
  }

  async function begin() {
    try {
      const known = app.photos.find(({ name }) => name === NAME);
      if (known) return;
      const blob = await (await fetch(SAMPLE)).blob();
      await queue.add([new File([blob], NAME, { type: "image/jpeg" })]);
      show(1);
    } catch {
      toast(t("coach.not"), { kind: "error" });
    }
  }

  on("picker", () => step === 1 && show(2));
  on("edits", () => step === 2 && edits()?.spots.length && show(3));
  on("photo", () => step && app.active?.name !== NAME && show(0));
  on("view", place);
  $("#coach-begin").addEventListener("click", begin);
  $("#coach-skip").addEventListener("click", () => {
    show(0);
    view.stage.focus({ preventScroll: true });
  });
  $("#coach-own").addEventListener("click", () => {
    show(0);
    choose();
  });
}
