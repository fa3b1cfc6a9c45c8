import { parse as parseCsv } from 'csv-parse/sync';

export type CsvRecord = Readonly<Record<string, string>>;

export interface CsvTable {
  readonly records: readonly CsvRecord[];
  /** What is wrong with single rows, each in words that name its line. */
  readonly faults: readonly string[];
}

/** Lines that a quoted value may go over where quotes elsewhere do not match. */
const mostLines = 200;

/**
 * A table with a header. Quotes that do not match cost at most their own row: where they would make the table unreadable, or
 * hide rows within a value, it is read row by row.
 * @param beginsRow whether a line looks like the beginning of a row
 */
export function readCsvTable(
  text: string,
  delimiter: string,
  beginsRow: (line: string) => boolean,
): CsvTable {
  try {
    const records = parse(text, delimiter);
    const hidesRows = records.some((record) =>
      Object.values(record).some(
        (value) => value.includes('\n') && value.split('\n').slice(1).some(beginsRow),
      ),
    );
    if (!hidesRows) return { records, faults: [] };
  } catch {
    // Row by row then, which tells where it is.
  }
  return readRowByRow(text, delimiter, beginsRow);
}

function readRowByRow(text: string, delimiter: string, beginsRow: (line: string) => boolean): CsvTable {
  const [header = '', ...lines] = text.split('\n');
  const records: CsvRecord[] = [];
  const faults: string[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!;
    const number = at + 2;
    if (line.trim() === '') {
      at++;
      continue;
    }
    const end = endOfRow(lines, at, beginsRow);
    const whole = end === null ? null : parseRow(header, lines.slice(at, end).join('\n'), delimiter);
    const record = whole ?? parseRow(header, line, delimiter, true);
    if (record !== null) records.push(record);
    if (whole === null) {
      faults.push(
        record === null
          ? `line ${number} has more values than the first line has columns`
          : `Quotes do not match in line ${number} (${line.split(delimiter)[0]!.trim()}), which was read as it stands`,
      );
    }
    at = whole === null ? at + 1 : end!;
  }
  return { records, faults };
}

/** The line after a row's last; null where a quote is not closed before the next row. */
function endOfRow(
  lines: readonly string[],
  start: number,
  beginsRow: (line: string) => boolean,
): number | null {
  let quotes = 0;
  for (let at = start; at < Math.min(lines.length, start + mostLines); at++) {
    if (at > start && beginsRow(lines[at]!)) return null;
    quotes += lines[at]!.split('"').length - 1;
    if (quotes % 2 === 0) return at + 1;
  }
  return null;
}

function parseRow(header: string, row: string, delimiter: string, literally = false): CsvRecord | null {
  try {
    return parse(`${header}\n${row}`, delimiter, literally)[0] ?? null;
  } catch {
    return null;
  }
}

function parse(text: string, delimiter: string, literally = false): readonly CsvRecord[] {
  return parseCsv<CsvRecord>(text, {
    columns: (names: readonly string[]) => names.map((name) => name.trim().replace(/^"(.*)"$/, '$1')),
    delimiter,
    skip_empty_lines: true,
    trim: true,
    // Spreadsheets leave out what is empty at the end.
    relax_column_count_less: true,
    ...(literally ? { quote: null } : {}),
  });
}
