import { type TextStyle, textToSvg, wrapText } from './lettering.ts';
import { labelStyle, leading, noteStyle } from './theme.ts';

/** What stands beside a row, above a column or below a picture. */
export interface Label {
  readonly text: string;
  /** In a quieter line below: a seed, a loss. */
  readonly note?: string;
}

export interface StyledLine {
  readonly text: string;
  readonly style: TextStyle;
}

/** A label's lines in a column of this width; what is too long ends in an ellipsis. */
export function labelLines({ text, note }: Label, width: number, maxLines = 6): readonly StyledLine[] {
  const styled = (value: string, style: TextStyle, lines: number) =>
    value === '' ? [] : wrapText(value, style, width, lines).map((line) => ({ text: line, style }));
  return [...styled(text, labelStyle, maxLines), ...styled(note ?? '', noteStyle, 3)];
}

/** In pixels. */
export function heightOf(lines: readonly StyledLine[]): number {
  return lines.reduce((height, { style }) => height + style.size * leading, 0);
}

/** Lines below each other, the first hanging from `top`. */
export function linesToSvg(lines: readonly StyledLine[], x: number, top: number): string {
  let y = top;
  return lines
    .map(({ text, style }) => {
      const baseline = y + style.size;
      y += style.size * leading;
      return textToSvg(text, x, baseline, style);
    })
    .join('');
}
