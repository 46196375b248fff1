/**
 * The server: one function for every request. It asks for the token where one is wanted, waits where the server is busy, and
 * announces when the server is away and when it is back.
 */

import { $ } from "./dom.js";
import { emit } from "./app.js";
import { t } from "./i18n.js";

/** The server's answer that something was not right, as problem+json has it. */
export class Problem extends Error {
  /** @param {number} status @param {{type?: string, detail?: string, title?: string, field?: string, limit?: any}} body */
  constructor(status, body) {
    super(body.detail || body.title || `the server answered ${status}`);
    Object.assign(this, { status, type: body.type ?? "", field: body.field, limit: body.limit });
  }

  get sessionGone() {
    return this.status === 404 && this.type.endsWith("session-gone");
  }
}

/** The server did not answer at all. */
export class Away extends Error {
  constructor() {
    super("the server does not answer");
  }
}

export const connection = { away: false };
const PATIENCE = 6;
const TOKEN = "photochrom-token";
let asking = null;

// A token in the address's last part (the QR code has it there) never reaches a server's log, and does not stay in the address.
const given = /[#&]token=([^&]+)/.exec(location.hash)?.[1];
if (given) {
  sessionStorage.setItem(TOKEN, decodeURIComponent(given));
  history.replaceState(null, "", location.pathname + location.search);
}

/** The header that shows the token, where there is one. @returns {Record<string, string>} */
export function authorization() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

const wait = (seconds, signal) =>
  new Promise((done, fail) => {
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", () => { clearTimeout(timer); fail(signal.reason); });
  });

/**
 * A request. `json` or `form` is its body. Returns the response; throws Problem, Away, or the signal's AbortError.
 * @param {string} path below the page's own address
 * @param {{method?: string, json?: any, form?: FormData, signal?: AbortSignal}} options
 */
export async function call(path, { method, json, form, signal } = {}) {
  for (let tries = 0; ; tries++) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = { ...(json === undefined ? {} : { "Content-Type": "application/json" }), ...authorization() };
    const body = json === undefined ? form : JSON.stringify(json);
    let response;
    try {
      response = await fetch(path, { method: method ?? (body ? "POST" : "GET"), headers, body, signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      away();
      throw new Away();
    }
    if (connection.away) back();
    if (response.ok) return response;
    if (response.status === 401) {
      await askToken(token !== null && token === sessionStorage.getItem(TOKEN));
    } else if ([429, 503].includes(response.status) && tries < PATIENCE) {
      emit("status", t("busy"));
      await wait(Math.min(10, Number(response.headers.get("Retry-After")) || 1), signal);
    } else {
      throw new Problem(response.status, await response.json().catch(() => ({})));
    }
  }
}

export const getJson = async (path, options) => (await call(path, options)).json();
export const getBlob = async (path, options) => (await call(path, options)).blob();

/** Asks for the token, once however many requests wait for it; it stays for this window's session only. */
function askToken(wrong) {
  const dialog = $("#token-dialog");
  asking ??= new Promise((done) => {
    const input = $("input", dialog);
    $(".wrong", dialog).hidden = !wrong;
    input.value = "";
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    $("form", dialog).onsubmit = () => {
      sessionStorage.setItem(TOKEN, input.value.trim());
      asking = null;
      done();
    };
    dialog.showModal();
  });
  return asking;
}

/** Announces that the server is away, and asks for it ever more rarely until it is back. */
function away() {
  if (connection.away) return;
  connection.away = true;
  $("#away").hidden = false;
  $("#away-retry").onclick = () => probe();
  schedule(1);
}

let timer = 0;
const schedule = (seconds) => {
  clearTimeout(timer);
  timer = setTimeout(() => probe(seconds), seconds * 1000);
};

async function probe(seconds = 1) {
  try {
    const { ok } = await fetch("healthz", { cache: "no-store" });
    if (ok) return back();
  } catch {
    // still away
  }
  return schedule(Math.min(10, seconds * 1.7));
}

function back() {
  clearTimeout(timer);
  if (!connection.away) return;
  connection.away = false;
  $("#away").hidden = true;
  emit("back");
}
