/** All photographs as one ZIP: each is coloured in full resolution, written into the archive as it arrives, and let go. */

import { Zip, MOST } from "./zip.js";

/** Where the archive goes: straight into a file that the user chooses, or, where browsers have no such thing, into a download. */
async function sinkFor(name, download) {
  if (window.showSaveFilePicker) {
    const handle = await window.showSaveFilePicker({ suggestedName: name, types: [{ accept: { "application/zip": [".zip"] } }] });
    const file = await handle.createWritable();
    return { write: (bytes) => file.write(bytes), end: () => file.close(), abort: () => file.abort() };
  }
  // A Blob of Blobs lies on the disk once it is large; the page holds little more than one picture.
  let parts = [];
  let room = [];
  let held = 0;
  const pour = () => {
    parts.push(new Blob(room));
    [room, held] = [[], 0];
  };
  return {
    write(bytes) {
      room.push(bytes.slice());
      held += bytes.length;
      if (held > 2 ** 22) pour();
    },
    end() {
      pour();
      download(new Blob(parts, { type: "application/zip" }), name);
    },
    abort: () => (parts = room = []),
  };
}

/**
 * Saves photographs as one ZIP; where 4 GB are not enough, as several.
 * @template T @param {T[]} photos @param {(photo: T) => Promise<{name: string, response: Response}[]>} files
 * @param {{onStep: (index: number) => void, download: (blob: Blob, name: string) => void}} more
 * @returns {Promise<{failed: {photo: T, error: any}[]}>}
 */
export async function saveAlbum(photos, files, { onStep, download }) {
  const failed = [];
  let number = 1;
  let sink = await sinkFor("photochrom.zip", download);
  let zip = new Zip(sink.write);
  try {
    for (const [i, photo] of photos.entries()) {
      onStep(i);
      let made;
      try {
        made = await files(photo);
      } catch (error) {
        failed.push({ photo, error });
        continue;
      }
      for (const { name, response } of made) {
        const length = Number(response.headers.get("Content-Length")) || 0;
        if (zip.size + length > MOST && zip.rows.length) {
          await zip.close();
          await sink.end();
          number += 1;
          sink = await sinkFor(`photochrom-${number}.zip`, download);
          zip = new Zip(sink.write);
        }
        await zip.add(name, response.body);
      }
    }
    await zip.close();
    await sink.end();
  } catch (error) {
    await sink.abort();
    throw error;
  }
  return { failed };
}
