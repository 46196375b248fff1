/** A ZIP that is written as its files come, without compression: pictures are compressed already. Its parts go to a sink at once. */

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 of more bytes. @param {number} crc of what came before, 0 at first */
export function crc32(crc, bytes) {
  let value = ~crc;
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 255];
  return ~value >>> 0;
}

/** Numbers in little endian: [value, bytes], ... */
function packed(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

/** MS-DOS date and time. */
function stamp(date) {
  return [(date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1), ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate()];
}

/** Names in UTF-8; sizes follow the data. */
const FLAGS = 0x0808;
/** What 32 bits can tell; a larger archive would need another form. */
export const MOST = 2 ** 32 - 2 ** 20;

export class Zip {
  /** @param {(bytes: Uint8Array) => void|Promise<void>} sink */
  constructor(sink) {
    this.sink = sink;
    this.size = 0;
    this.rows = [];
    this.names = new Set();
  }

  async put(bytes) {
    await this.sink(bytes);
    this.size += bytes.length;
  }

  /** A name that no file has yet: "a.jpg", "a (2).jpg". */
  free(name) {
    const [, stem, end] = /^(.*?)(\.[^.]*)?$/.exec(name);
    let found = name;
    for (let i = 2; this.names.has(found.toLowerCase()); i++) found = `${stem} (${i})${end ?? ""}`;
    this.names.add(found.toLowerCase());
    return found;
  }

  /** Adds a file as it arrives. @param {string} name @param {ReadableStream<Uint8Array>} stream */
  async add(name, stream) {
    const label = new TextEncoder().encode(this.free(name));
    const [time, date] = stamp(new Date());
    const offset = this.size;
    await this.put(packed([0x04034b50, 4], [20, 2], [FLAGS, 2], [0, 2], [time, 2], [date, 2], [0, 4], [0, 4], [0, 4], [label.length, 2], [0, 2]));
    await this.put(label);
    let [crc, length] = [0, 0];
    const reader = stream.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      crc = crc32(crc, part.value);
      length += part.value.length;
      await this.put(part.value);
    }
    await this.put(packed([0x08074b50, 4], [crc, 4], [length, 4], [length, 4]));
    this.rows.push({ label, time, date, crc, length, offset });
  }

  /** The list of files at the end. */
  async close() {
    const start = this.size;
    for (const { label, time, date, crc, length, offset } of this.rows) {
      await this.put(packed([0x02014b50, 4], [20, 2], [20, 2], [FLAGS, 2], [0, 2], [time, 2], [date, 2], [crc, 4], [length, 4], [length, 4],
        [label.length, 2], [0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]));
      await this.put(label);
    }
    const n = this.rows.length;
    await this.put(packed([0x06054b50, 4], [0, 2], [0, 2], [n, 2], [n, 2], [this.size - start, 4], [start, 4], [0, 2]));
  }
}
