/** What the server says about a photograph or a film, in the page's language: its English sentences by their pattern. */

import { t } from "./i18n.js";

/** What was read, and the words for it: \1, \2 ... are {a}, {b} ... */
const KNOWN = [
  [/^already a colour photograph:/, "already-color"],
  [/^a mount or border was found/, "mount"],
  [/^this looks like a negative/, "negative"],
  [/^the negative was inverted/, "inverted"],
  [/^only black and white, without greys/, "bilevel"],
  [/^the file has (\d+) pages or frames/, "frames"],
  [/^the file has (\d+) pages; only page (\d+)/, "pages"],
  [/^its colour profile is damaged .*; (.+) was assumed/, "profile"],
  [/^the file's end marker is missing/, "end-marker"],
  [/^its XMP data is damaged/, "xmp"],
  [/^its (.+) data could not be unpacked/, "packed"],
  [/^the file is an animation/, "animation"],
  [/^its colours are coded in a way that is not read/, "coded"],
  [/^the file does not say how many bits a number has; (\d+) was taken/, "bits"],
  [/^the file says that its channels have (.+) bits; (\d+) was taken/, "mixed-bits"],
  [/^the meaning of its numbers is not known \((.+)\); (.+) was assumed/, "meaning"],
  [/^the file does not say whether 0 is black or white/, "fax"],
  [/^the file has no colour map/, "map"],
  [/^the file does not call its inks/, "inks"],
  [/^the TIFF structure is damaged/, "tiff"],
  [/^an extra channel, /, "channel"],
  [/^(\d+) extra channels, /, "channels"],
  [/^its numbers go from (\S+) to (\S+); (\S+) was taken for black and (\S+) for white, what is outside/, "scale-cut"],
  [/^its numbers go from (\S+) to (\S+); (\S+) was taken for black and (\S+) for white/, "scale"],
  [/^its numbers go from (\S+) to (\S+), and were stretched/, "stretched"],
  [/^(\d+) video streams; only the first/, "streams"],
  [/^does not state its (.+); taken for (.+)$/, "assumed"],
  [/^frames of format (\S+) are converted to (\S+)/, "converted"],
  [/^a film of high dynamic range/, "hdr"],
  [/^the header states an absurd length/, "length"],
  [/^the file breaks off or is damaged \((.+)\); what was read/, "cut"],
  [/^luma is rounded from (\d+) to (\d+) bits/, "rounded"],
  [/^luma is widened from (\d+) to (\d+) bits/, "widened"],
  [/^the rotation cannot be kept/, "rotation"],
];

/** The sentence for people; the server's own where it is a new one. @param {string} text */
export function notice(text) {
  for (const [pattern, key] of KNOWN) {
    const found = pattern.exec(text);
    if (found) return t(`notice.${key}`, Object.fromEntries(found.slice(1).map((value, i) => ["abcd"[i], value])));
  }
  return text.charAt(0).toUpperCase() + text.slice(1);
}
