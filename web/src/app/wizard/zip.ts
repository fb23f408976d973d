// What stands in a ZIP archive, read from its table at the end, so that an archive of gigabytes is not read. Stored and deflated
// entries only; the server looks at all of it again and is the one that refuses.

export interface Entry {
  name: string;
  /** Where its local header begins, and its bytes in the archive. */
  at: number;
  packed: number;
  method: number;
  size: number;
  /** Its own bytes of the table. */
  row: Uint8Array<ArrayBuffer>;
}

const END = 0x06054b50;
const ROW = 0x02014b50;
const MOST_TABLE = 16_000_000;

const view = async (blob: Blob): Promise<DataView<ArrayBuffer>> => new DataView(await blob.arrayBuffer());
const isJunk = (name: string): boolean => name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db');

/** The files in the archive, without folders and what systems leave behind. Empty where it cannot be read. */
export async function entriesOf(file: Blob): Promise<Entry[]> {
  const tail = await view(file.slice(-66_000));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) return [];
  const size = tail.getUint32(end + 12, true);
  const start = tail.getUint32(end + 16, true);
  if (size > MOST_TABLE || start + size > file.size) return [];
  const table = await view(file.slice(start, start + size));
  const found: Entry[] = [];
  for (let at = 0; at + 46 <= table.byteLength && table.getUint32(at, true) === ROW;) {
    const lengths = [28, 30, 32].map((offset) => table.getUint16(at + offset, true));
    const length = 46 + lengths[0]! + lengths[1]! + lengths[2]!;
    const name = new TextDecoder().decode(new Uint8Array(table.buffer, at + 46, Math.min(lengths[0]!, table.byteLength - at - 46))).normalize('NFC').replaceAll('\\', '/');
    if (!name.endsWith('/') && !isJunk(name)) {
      found.push({
        name, at: table.getUint32(at + 42, true), packed: table.getUint32(at + 20, true), method: table.getUint16(at + 10, true),
        size: table.getUint32(at + 24, true), row: new Uint8Array(table.buffer.slice(at, at + length)),
      });
    }
    at += length;
  }
  return found;
}

/** The bytes of an entry; at most `most` of them. Null for a packing that is not read here, or a larger entry. */
export async function bytesOf(file: Blob, entry: Entry, most: number): Promise<Blob | null> {
  if (entry.size > most || (entry.method !== 0 && entry.method !== 8)) return null;
  const head = await view(file.slice(entry.at, entry.at + 30));
  if (head.byteLength < 30) return null;
  const begin = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const packed = file.slice(begin, begin + entry.packed);
  if (entry.method === 0) return packed;
  try {
    const reader = packed.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      length += piece.value.length;
      // The table may lie about the size.
      if (length > most) {
        await reader.cancel();
        return null;
      }
      parts.push(piece.value as Uint8Array<ArrayBuffer>);
    }
    return new Blob(parts);
  } catch {
    return null;
  }
}

/** The archive with only these entries in its table: the same bytes, a new end. */
export async function onlyWith(file: Blob, entries: Entry[]): Promise<Blob> {
  const tail = await view(file.slice(-66_000));
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  const start = tail.getUint32(at + 16, true);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, entries.reduce((sum, one) => sum + one.row.length, 0), true);
  end.setUint32(16, start, true);
  return new Blob([file.slice(0, start), ...entries.map((one) => one.row), end.buffer]);
}
