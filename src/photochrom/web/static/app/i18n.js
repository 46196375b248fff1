/**
 * The page's words. Each language is one file, `lang/<code>.js`, with the same keys, and one of colours, `lang/colors.<code>.js`; the
 * browser's settings choose, `?lang=de` overrules.
 * Text between backticks becomes <code>; `{name}` is filled in; a value {one, other} is chosen by the number `n`.
 */

const KNOWN = ["en", "de"];

const wished = [new URLSearchParams(location.search).get("lang"), ...(navigator.languages ?? [])];
/** The language that the page speaks. */
export const language = wished.map((one) => String(one).slice(0, 2).toLowerCase()).find((one) => KNOWN.includes(one)) ?? "en";

const words = (await import(`./lang/${language}.js`)).default;
const plural = new Intl.PluralRules(language);

/** A text of the page, with its blanks filled in. @param {string} key @param {Record<string, string|number>} values */
export function t(key, values = {}) {
  const found = words[key] ?? key;
  const text = typeof found === "string" ? found : found[plural.select(Number(values.n))] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (blank, name) => String(values[name] ?? blank));
}

/** Whether there is a text for a key. */
export const has = (key) => key in words;

/** What this language calls colours, by their English names. */
const colors = language === "en" ? {} : (await import(`./lang/colors.${language}.js`)).default;
const MONK = Array.from({ length: 10 }, (_, i) => `monk-${i + 1}`);

/** A colour's English name, as this language has it; English where it has none. */
export const colorName = (name) => (MONK.includes(name) ? t("monk", { i: name.slice(5) }) : colors[name] ?? name);

/** The English name of what somebody typed in this language. */
export function colorWord(typed) {
  const same = (text) => text.toLocaleLowerCase(language).replace(/[\s-]+/g, "").replaceAll("ß", "ss");
  return [...Object.keys(colors), ...MONK].find((name) => same(colorName(name)) === same(typed)) ?? typed;
}

const ENDS = ["grau|braun|blau|grün|rot|rosa|lila|gelb|orange|bronze|stichig|farben",
  "schokolade|bonbon|limette|melone|blume|makkaroni|vogel|beere"].join("|");
const BREAK = RegExp(`(?<=\\p{L}{3})(?=(?:${ENDS})(?:es)?(?: |$))`, "gu");
/** A colour's name that may be broken before the last part of a long German word: not every browser knows where words part. */
export const breakable = (name) => (language === "de" ? name.replace(BREAK, "\u00ad") : name);

/** Several colours: what somebody typed as the server takes it, and what the server took as this language has it. */
export const colorList = (typed) => typed.split(/[,;\n]/).map((one) => one.trim()).filter(Boolean)
  .map((one) => (/^[0-9a-f]{6}$/i.test(one) ? `#${one}` : colorWord(one))).join(",");
export const colorNames = (list) => list.split(",").map(colorName).join(", ");

/** A number as this language writes it. */
export const percent = (share) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);

/** Fills an element with a text in which backticks mark code. */
export function fill(element, text) {
  element.replaceChildren(...text.split("`").map((part, i) => {
    if (i % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  }));
}

const ATTRIBUTES = { tLabel: "aria-label", tTitle: "title", tPlaceholder: "placeholder", tAlt: "alt" };

/** Puts the words where the page's HTML names their keys: `data-t`, `data-t-label`, `data-t-title`, `data-t-placeholder`. */
export function translatePage(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-t]")) fill(element, t(element.dataset.t));
  for (const [key, attribute] of Object.entries(ATTRIBUTES)) {
    const name = `data-${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    for (const element of root.querySelectorAll(`[${name}]`)) element.setAttribute(attribute, t(element.dataset[key]));
  }
}
