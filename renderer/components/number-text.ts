import { settingNumberText } from '../../electron/contract/quantities.ts';

/** A number as it is written in a field: small ones as `1e-5`, as papers and other trainers write them. */
export function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return settingNumberText(value);
}

/** What was typed as a number, NaN where it is none; a comma counts as a decimal point. */
export function parseNumber(text: string): number {
  const trimmed = text.trim().replace(',', '.');
  return trimmed === '' ? Number.NaN : Number(trimmed);
}

/** Whole numbers of a text with anything between them, each once, in order. */
export function parseWholeNumbers(texts: readonly string[]): readonly number[] {
  const found = texts.flatMap((text) => text.match(/\d+/g) ?? []).map(Number);
  return [...new Set(found)].filter(Number.isSafeInteger).sort((a, b) => a - b);
}
