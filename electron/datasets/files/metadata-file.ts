import { parse as parseCsv } from 'csv-parse/sync';

import { Failure } from '../../../native/failure.ts';
import { readTextFile } from './text-file.ts';

/** What a metadata file says of one image: fields for templates, each a text or several. */
export type MetadataRecord = Readonly<Record<string, string | readonly string[]>>;

export interface MetadataRow {
  /** How the file names the image: a path relative to the file's folder, a name without extension, or an absolute path. */
  readonly key: string;
  readonly fields: MetadataRecord;
  /** Captions the row holds, if its format has a place for them. */
  readonly captions: readonly string[];
}

export interface MetadataFile {
  readonly rows: readonly MetadataRow[];
  /** Rows that could not be read; the others are used. */
  readonly failure: Failure | null;
}

/** In this order: the first a row has is its caption. */
const captionColumns = ['text', 'captions', 'caption', 'prompt'];

/** Whether a file of this name may hold metadata. */
export function mayBeMetadata(name: string): boolean {
  return /^metadata\.csv$|\.jsonl?$/i.test(name);
}

/**
 * Reads what the tools around Stable Diffusion keep beside images: Hugging Face image folders (`metadata.csv`,
 * `metadata.jsonl`, a JSON list; column `file_name`), kohya's metadata JSON (key -> caption, tags) and Danbooru's JSONL.
 * Null for JSON of another shape, unless the file's name claims to be metadata.
 * @throws Failure `metadata-invalid`, `text-encoding`, `text-unreadable`
 */
export async function readMetadataFile(path: string): Promise<MetadataFile | null> {
  const text = await readTextFile(path);
  if (/\.csv$/i.test(path)) return readCsv(path, text);
  const claimed = /(?:^|[\\/])metadata\.jsonl?$/i.test(path);
  const read = /\.jsonl$/i.test(path) ? readJsonLines(path, text) : readJson(path, text);
  if (read === null && claimed) {
    throw invalid(path, 'it is neither a list of objects with file_name nor an object of captions by image');
  }
  return read;
}

function readCsv(path: string, text: string): MetadataFile {
  const header = text.slice(0, (text + '\n').indexOf('\n'));
  // Spreadsheets in countries with a decimal comma separate by semicolons.
  const delimiter = [',', ';', '\t'].find((mark) =>
    header.split(mark).some((name) => /^"?file_name"?$/.test(name)),
  );
  if (delimiter === undefined) throw invalid(path, 'its first line has no column file_name');
  let records: readonly Record<string, string>[];
  try {
    records = parseCsv<Record<string, string>>(text, {
      columns: (names: readonly string[]) => names.map((name) => name.trim()),
      delimiter,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const rows = records.flatMap((record) => rowOf(record) ?? []);
  const lacking = records.length - rows.length;
  return {
    rows,
    failure: lacking === 0 ? null : invalid(path, `${lacking} rows have no file_name`),
  };
}

function readJsonLines(path: string, text: string): MetadataFile | null {
  const rows: MetadataRow[] = [];
  const broken: number[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const row = rowOf(parseJson(line));
    if (row === null) broken.push(index + 1);
    else rows.push(row);
  });
  if (rows.length === 0) return null;
  if (broken.length === 0) return { rows, failure: null };
  const others = broken.length === 1 ? '' : ` and ${broken.length - 1} more`;
  return {
    rows,
    failure: invalid(path, `line ${broken[0]!}${others} is not a JSON object that names an image`),
  };
}

function readJson(path: string, text: string): MetadataFile | null {
  const value = parseJson(text);
  if (value === undefined) throw invalid(path, 'it is not JSON, or was cut short');
  if (Array.isArray(value)) {
    const rows = value.flatMap((entry) => rowOf(entry) ?? []);
    return rows.length === value.length && rows.length > 0 ? { rows, failure: null } : null;
  }
  if (!isObject(value)) return null;
  const entries = Object.entries(value);
  const kohya = entries.every(
    ([, entry]) => isObject(entry) && (typeof entry.caption === 'string' || typeof entry.tags === 'string'),
  );
  if (!kohya || entries.length === 0) return null;
  return { rows: entries.map(([key, entry]) => kohyaRow(key, fieldsOf(entry))), failure: null };
}

function rowOf(value: unknown): MetadataRow | null {
  if (!isObject(value)) return null;
  if (typeof value.file_name === 'string' && value.file_name !== '') {
    const { file_name: key, ...rest } = value;
    const fields = fieldsOf(rest);
    const column = captionColumns.find((name) => fields[name] !== undefined);
    return { key, fields, captions: column === undefined ? [] : textsOf(fields[column]) };
  }
  return 'id' in value && Object.keys(value).some((key) => key.startsWith('tag_string'))
    ? danbooruRow(fieldsOf(value))
    : null;
}

/** sd-scripts trains on the caption, followed by the tags where there are both. */
function kohyaRow(key: string, fields: MetadataRecord): MetadataRow {
  const caption = [...textsOf(fields.caption), ...textsOf(fields.tags)].join(', ');
  return { key, fields, captions: caption === '' ? [] : [caption] };
}

/** Tags are separated by spaces and write their own as underscores; characters come first, as taggers order them. */
function danbooruRow(raw: MetadataRecord): MetadataRow {
  const tags = (kind: string) =>
    textsOf(raw[`tag_string_${kind}`]).flatMap((text) =>
      text
        .split(' ')
        .filter((tag) => tag !== '')
        .map((tag) => tag.replaceAll('_', ' ')),
    );
  const fields = Object.fromEntries(
    ['general', 'artist', 'copyright', 'character'].flatMap((kind) =>
      tags(kind).length === 0 ? [] : [[kind, tags(kind).join(', ')]],
    ),
  );
  const all = ['character', 'copyright', 'artist', 'general'].flatMap(tags).join(', ');
  const caption =
    all === '' ? textsOf(raw.tag_string).join(' ').replaceAll(' ', ', ').replaceAll('_', ' ') : all;
  return {
    key: textsOf(raw.id)[0] ?? '',
    fields: { ...raw, ...fields },
    captions: caption === '' ? [] : [caption],
  };
}

function fieldsOf(value: unknown): MetadataRecord {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, entry]) => {
      const field = fieldOf(entry);
      return field === undefined ? [] : [[name.normalize('NFC'), field]];
    }),
  );
}

/** Null and empty mean there is nothing; a nested object has no meaning in a caption. */
function fieldOf(value: unknown): string | readonly string[] | undefined {
  if (Array.isArray(value)) {
    const texts = value.map(fieldOf).filter((text) => typeof text === 'string');
    return texts.length === 0 ? undefined : texts;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

/** A field's texts: none, one or several. */
export function textsOf(field: string | readonly string[] | undefined): readonly string[] {
  if (field === undefined) return [];
  return typeof field === 'string' ? [field] : field;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(path: string, reason: string, cause?: unknown): Failure {
  return new Failure(
    'metadata-invalid',
    `${path} cannot be used: ${reason}`,
    'Each row names its image in file_name, relative to the file itself; other columns become fields of the caption template.',
    cause,
  );
}
