// What somebody drops, chooses or pastes → a table and the pictures and sounds that belong to it. Reads heads only, sends nothing.
import { bytesOf, entriesOf, onlyWith, type Entry } from './zip';

const MB = 1_000_000;
/** So much of a table is sent to be read. Formats whose end must be seen go whole, as far as the server takes them. */
const HEAD = 2 * MB;
const WHOLE = 8 << 20;
const PARQUET = 64 << 20;
const PREVIEWED = 20 * MB;
const TABLE = /\.(?:csv|tsv|tab|jsonl|ndjson|json|parquet|pq)(?:\.gz|\.gzip)?$|\.(?:gz|gzip)$/i;
const TYPES: Record<string, string> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif', bmp: 'image/bmp',
  mp3: 'audio/mpeg', wav: 'audio/wav', ogg: 'audio/ogg', oga: 'audio/ogg', opus: 'audio/ogg', m4a: 'audio/mp4', aac: 'audio/aac', flac: 'audio/flac', webm: 'audio/webm',
};
const endingOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1).toLowerCase();
export const typeOf = (name: string): string => TYPES[endingOf(name)] ?? '';

/** A table with what its rows name. `archive` holds media as they were packed, `loose` each by its name. */
export interface Source {
  name: string;
  table: Blob;
  archive: Blob | null;
  archiveName: string;
  loose: { name: string; file: Blob }[];
}

/** Nothing that a project could be made of. `words` is the key of the sentence that says why. */
export class NoSource extends Error {
  constructor(readonly words: 'w_no_table' | 'w_two_tables' | 'w_empty_zip' | 'w_nothing_pasted') {
    super(words);
  }
}

const fileOf = (name: string, blob: Blob): Source => ({ name, table: blob, archive: null, archiveName: '', loose: [] });
const rowsAsLines = (rows: Record<string, unknown>[]): Blob => new Blob([rows.map((row) => JSON.stringify(row)).join('\n') + '\n']);

/** Rows that we have ourselves, as a file. */
export const sourceOfRows = (name: string, rows: Record<string, unknown>[], loose: Source['loose']): Source => ({ ...fileOf(name, rowsAsLines(rows)), loose });

/** A row for each picture, or for each sound where there is no picture. */
function rowsOfMedia(names: string[]): Record<string, unknown>[] {
  const order = new Intl.Collator('en', { numeric: true });
  const of = (family: string): string[] => names.filter((one) => typeOf(one).startsWith(family)).sort(order.compare);
  const images = of('image/');
  return images.length > 0 ? images.map((image) => ({ image })) : of('audio/').map((audio) => ({ audio }));
}

async function fromArchive(zip: File): Promise<Source> {
  const entries = await entriesOf(zip);
  const media = entries.filter((one) => typeOf(one.name));
  const tables = entries.filter((one) => TABLE.test(one.name));
  if (tables.length > 1) throw new NoSource('w_two_tables');
  if (media.length === 0 && tables.length === 0) throw new NoSource('w_empty_zip');
  const archive = media.length === 0 ? null : media.length === entries.length ? zip : await onlyWith(zip, media);
  const held = { archive, archiveName: zip.name, loose: [] };
  const table = tables[0] ? await bytesOf(zip, tables[0], 512 * MB) : null;
  if (tables[0] && table) return { name: baseOf(tables[0].name), table, ...held };
  if (media.length === 0) throw new NoSource('w_empty_zip');
  return { name: `${zip.name.replace(/\.zip$/i, '') || 'media'}.jsonl`, table: rowsAsLines(rowsOfMedia(media.map((one) => one.name))), ...held };
}

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The source in these files: a table, a table with its media, or media alone. Throws `NoSource`. */
export async function sourceOf(files: File[]): Promise<Source> {
  const zips = files.filter((one) => /\.zip$/i.test(one.name));
  const media = files.filter((one) => typeOf(one.name));
  const tables = files.filter((one) => !zips.includes(one) && !media.includes(one));
  if (tables.length > 1) throw new NoSource('w_two_tables');
  const loose = media.map((file) => ({ name: file.webkitRelativePath || file.name, file }));
  const inside = zips[0] ? await fromArchive(zips[0]) : null;
  if (tables[0]) return { name: tables[0].name, table: tables[0], archive: inside?.archive ?? null, archiveName: inside?.archiveName ?? '', loose };
  if (inside) return { ...inside, loose };
  if (loose.length === 0) throw new NoSource('w_no_table');
  return sourceOfRows('media.jsonl', rowsOfMedia(loose.map((one) => one.name)), loose);
}

/** Pasted text as a file: JSON, JSON Lines, cells from a sheet (tabs), CSV, or a text a line. */
export function sourceOfText(text: string, name: string): Source {
  const body = text.trim();
  if (!body) throw new NoSource('w_nothing_pasted');
  const lines = body.split(/\r\n|\r|\n/);
  const made = (ending: string, blob = new Blob([body + '\n'])): Source => fileOf(`${name}.${ending}`, blob);
  if (body.startsWith('[')) {
    try {
      JSON.parse(body);
      return made('json');
    } catch { /* a text in brackets */ }
  }
  if (lines.every((one) => one.startsWith('{') && one.endsWith('}'))) return made('jsonl');
  const cells = (mark: string): number => lines[0]!.split(mark).length;
  if (cells('\t') > 1) return made('tsv');
  const looksLikeHead = cells(',') > 1 && lines.length > 1 && lines[0]!.length < 300 && !/[.!?؟]\s*$/.test(lines[0]!);
  if (looksLikeHead && lines.slice(1, 20).every((one) => one.includes(','))) return made('csv');
  if (cells(',') === 1 && /^(?:text|نص|النص)$/i.test(lines[0]!.trim()) && lines.length > 1) return made('csv');
  return made('jsonl', rowsAsLines(lines.map((one) => one.trim()).filter(Boolean).map((one) => ({ text: one }))));
}

/** What of the table is sent to be read, and whether that is only its head. */
export function headOf({ name, table }: Source): { head: Blob; cut: boolean } {
  const most = /\.(?:parquet|pq)$/i.test(name) ? PARQUET : /\.(?:json|gz|gzip)$/i.test(name) ? WHOLE : HEAD;
  return { head: table.slice(0, most), cut: table.size > most };
}

async function asAddress(blob: Blob, type: string): Promise<string> {
  const reader = new FileReader();
  return new Promise((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('unread'));
    reader.readAsDataURL(new Blob([blob], { type }));
  });
}

/** data: addresses of those media of a source that are asked for; each is read once. */
export class MediaOf {
  #entries: Promise<Entry[]> | null = null;
  #made = new Map<string, string>();
  constructor(readonly source: Source) {}

  async find(names: string[]): Promise<Map<string, string>> {
    for (const name of names) {
      if (this.#made.has(name) || !typeOf(name)) continue;
      const blob = await this.#read(name).catch(() => null);
      if (blob) this.#made.set(name, await asAddress(blob, typeOf(name)));
    }
    return this.#made;
  }

  async #read(name: string): Promise<Blob | null> {
    const plain = name.normalize('NFC').replaceAll('\\', '/').replace(/^\.\//, '');
    const loose = this.source.loose.find((one) => one.name === plain);
    if (loose) return loose.file.size <= PREVIEWED ? loose.file : null;
    if (!this.source.archive) return null;
    const entry = (await (this.#entries ??= entriesOf(this.source.archive))).find((one) => one.name === plain);
    return entry ? bytesOf(this.source.archive, entry, PREVIEWED) : null;
  }
}
