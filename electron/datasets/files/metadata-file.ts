import { basename } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import { isImageName } from '../../contract/file-kinds.ts';
import { readCsvTable } from './csv-table.ts';
import {
  hasCaption,
  isKeyColumn,
  isObject,
  mappedRow,
  type MetadataRow,
  namedRow,
  perhapsNamedRow,
} from './metadata-rows.ts';
import { readTextFile } from './text-file.ts';

export interface MetadataFile {
  readonly rows: readonly MetadataRow[];
  /** Rows that could not be read; the others are used. */
  readonly failure: Failure | null;
  /** Its rows may be about something else than images: they count if any of them names one. */
  readonly uncertain: boolean;
  /** The file's one object, which is about the image that the file is named like, if there is one. */
  readonly record: Readonly<Record<string, unknown>> | null;
}

/** Whether a file of this name may hold metadata. */
export function mayBeMetadata(name: string): boolean {
  return /\.(?:csv|tsv|jsonl?|ndjson)$/i.test(name);
}

/** Whether a file's name says that it holds metadata, so that it is a fault where it does not. */
export function claimsMetadata(name: string): boolean {
  return /^(?:metadata\.(?:csv|jsonl?)|captions\.jsonl?)$/i.test(name);
}

/**
 * Reads what the tools around Stable Diffusion keep beside images: Hugging Face image folders (`metadata.csv`,
 * `metadata.jsonl`, a JSON list; a column names the file), kohya's metadata JSON (key -> caption, tags), captions by
 * name, JSON of one image, and Danbooru's JSONL. Null for tables and JSON of another shape, unless the file's name claims to
 * be metadata.
 * @throws Failure `metadata-invalid`, `text-encoding`, `text-unreadable`
 */
export async function readMetadataFile(path: string): Promise<MetadataFile | null> {
  const text = await readTextFile(path);
  const claimed = claimsMetadata(basename(path));
  if (/\.[ct]sv$/i.test(path)) {
    const read = readCsv(path, text);
    if (read === null && claimed) throw invalid(path, 'its first line has no column file_name');
    return read;
  }
  const read = /\.json$/i.test(path) ? readJson(path, text) : readJsonLines(path, text);
  if (read === null && claimed) {
    throw invalid(path, 'it is neither a list of objects with file_name nor an object of captions by image');
  }
  return read;
}

const delimiters: readonly string[] = [',', ';', '\t'];

function readCsv(path: string, text: string): MetadataFile | null {
  const header = text.slice(0, (text + '\n').indexOf('\n'));
  // Spreadsheets in countries with a decimal comma separate by semicolons.
  const delimiter = delimiters.find((mark) => cellsOf(header, mark).some(isKeyColumn));
  if (delimiter === undefined) return null;
  const column = cellsOf(header, delimiter).findIndex(isKeyColumn);
  const beginsRow = (line: string) => isImageName(cellsOf(line, delimiter)[column] ?? '');
  const { records, faults } = readCsvTable(text, delimiter, beginsRow);
  const rows = records.flatMap((record) => namedRow(record) ?? []);
  const lacking = records.length - rows.length;
  const all =
    lacking === 0
      ? faults
      : [...faults, `${lacking === 1 ? '1 row has' : `${lacking} rows have`} no file_name`];
  return { rows, failure: partly(path, all), uncertain: false, record: null };
}

/** Where quotes hold no delimiter, as in names. */
function cellsOf(line: string, delimiter: string): readonly string[] {
  return line.split(delimiter).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function readJsonLines(path: string, text: string): MetadataFile | null {
  const values: unknown[] = [];
  const broken: number[] = [];
  const numbers: number[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    values.push(parseJson(line));
    numbers.push(index + 1);
  });
  const { rows, uncertain } = rowsOf(values, (index) => broken.push(numbers[index]!));
  if (rows.length === 0) return null;
  const others = broken.length <= 1 ? '' : ` and ${broken.length - 1} more`;
  const faults =
    broken.length === 0 ? [] : [`line ${broken[0]!}${others} is not a JSON object that names an image`];
  return { rows, failure: partly(path, faults), uncertain, record: null };
}

function readJson(path: string, text: string): MetadataFile | null {
  const value = parseJson(text);
  if (value === undefined) throw invalid(path, 'it is not JSON, or was cut short');
  if (Array.isArray(value)) {
    const { rows, uncertain } = rowsOf(value, () => undefined);
    return rows.length === value.length && rows.length > 0
      ? { rows, failure: null, uncertain, record: null }
      : null;
  }
  if (!isObject(value)) return null;
  const named = namedRow(value);
  if (named !== null && hasCaption(value)) {
    return { rows: [named], failure: null, uncertain: true, record: value };
  }
  const rows = Object.entries(value).flatMap(([key, entry]) => mappedRow(key, entry) ?? []);
  const kohya = Object.values(value).every(
    (entry) => isObject(entry) && (typeof entry.caption === 'string' || typeof entry.tags === 'string'),
  );
  if (rows.length === 0 && !hasCaption(value)) return null;
  return { rows, failure: null, uncertain: !kohya, record: value };
}

/** Rows by the columns that name images; where no row has one, by those that may. */
function rowsOf(
  values: readonly unknown[],
  onBroken: (index: number) => void,
): { readonly rows: readonly MetadataRow[]; readonly uncertain: boolean } {
  const certain = values.map(namedRow);
  const uncertain = certain.every((row) => row === null);
  const found = uncertain ? values.map(perhapsNamedRow) : certain;
  const rows: MetadataRow[] = [];
  found.forEach((row, index) => {
    if (row === null) onBroken(index);
    else rows.push(row);
  });
  return { rows, uncertain };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const hint =
  'Each row names its image in file_name, relative to the file itself; other columns become fields of the caption template.';

function invalid(path: string, reason: string): Failure {
  return new Failure('metadata-invalid', `${path} cannot be used: ${reason}`, hint);
}

const shownFaults = 3;

/** Null where nothing is wrong. */
function partly(path: string, faults: readonly string[]): Failure | null {
  if (faults.length === 0) return null;
  const more = faults.length > shownFaults ? `; and ${faults.length - shownFaults} more rows` : '';
  return new Failure(
    'metadata-invalid',
    `${path} has faults: ${faults.slice(0, shownFaults).join('; ')}${more}`,
    'Correct these rows, and read the folder again. In CSV a value that has quotes stands in quotes, with its own doubled.',
  );
}
