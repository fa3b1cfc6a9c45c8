import sharp from 'sharp';

import { Failure } from '../../native/failure.ts';
import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import type { ImageSize } from '../../native/images/decode.ts';
import { withPngText } from '../../native/images/png.ts';
import { countOf } from '../contract/quantities.ts';
import { heightOf, type Label, labelLines, linesToSvg } from './label.ts';
import { type TextStyle, wrapText } from './lettering.ts';
import { footerStyle, hairline, paper, subtitleStyle, titleStyle } from './theme.ts';
import { type Enlargement, frameToSvg, placePicture, tileSize } from './tile.ts';

export interface Sheet {
  readonly title: string;
  readonly subtitle?: string;
  readonly columns: readonly Label[];
  readonly rows: readonly Label[];
  /** Picture files by row, then column; null where there is none. */
  readonly pictures: readonly (readonly (string | null)[])[];
  /** How it was made, in paragraphs. */
  readonly footer: readonly string[];
}

export interface SheetOptions {
  /** How pictures smaller than a comfortable size are enlarged; default `smooth`. */
  readonly enlargement?: Enlargement;
  /** Texts for the PNG file besides its title and how it was made, such as `parameters`; see `writePng`. */
  readonly text?: Readonly<Record<string, string>>;
}

const margin = 56;
const gutter = 12;
const rowLabelWidth = 232;
const labelGap = 28;
/** libpng and most viewers give up beyond. */
const maxSide = 32_000;

/**
 * Writes pictures side by side with the names of their rows and columns, a title and how it was made, as one PNG.
 * @returns the sheet's size in pixels
 * @throws Failure `image-unreadable`, `sheet-too-large`, `write-failed`
 */
export async function writeSheet(path: string, sheet: Sheet, options: SheetOptions = {}): Promise<ImageSize> {
  checkShape(sheet);
  const tile = await tileSize(sheet.pictures.flat());
  const layout = layOut(sheet, tile);
  const { width, height } = layout.size;
  if (width > maxSide || height > maxSide) {
    throw new Failure(
      'sheet-too-large',
      `A sheet of ${countOf(sheet.rows.length, 'row')} and ${countOf(sheet.columns.length, 'column')} would be ${width} x ${height} pixels.`,
      'Put fewer epochs, prompts or seeds on one sheet.',
    );
  }
  const overlays = await Promise.all(
    layout.tiles.flatMap(({ picture, left, top }) =>
      picture === null ? [] : [placePicture(picture, left, top, tile, options.enlargement ?? 'smooth')],
    ),
  );
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="${width}" height="${height}" fill="${paper}"/>${layout.svg}</svg>`;
  const png = await sharp(Buffer.from(svg), { unlimited: true })
    .composite(overlays)
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
  const text = {
    Title: sheet.title,
    ...(sheet.footer.length === 0 ? {} : { Description: sheet.footer.join('\n') }),
    Software: 'Screenfold',
    ...options.text,
  };
  await writeFileAtomic(path, withPngText(png, text));
  return layout.size;
}

interface PlacedTile {
  readonly picture: string | null;
  readonly left: number;
  readonly top: number;
}

function layOut(
  sheet: Sheet,
  tile: ImageSize,
): { readonly size: ImageSize; readonly svg: string; readonly tiles: readonly PlacedTile[] } {
  const hasRowLabels = sheet.rows.some(({ text, note }) => text !== '' || note !== undefined);
  const gridLeft = margin + (hasRowLabels ? rowLabelWidth + labelGap : 0);
  const gridWidth = sheet.columns.length * (tile.width + gutter) - gutter;
  const textWidth = Math.max(gridLeft - margin + gridWidth, 420);
  const width = margin + textWidth + margin;
  const svg: string[] = [];
  let y = margin;

  const paragraph = (text: string, style: TextStyle) => {
    const lines = wrapText(text, style, textWidth).map((line) => ({ text: line, style }));
    svg.push(linesToSvg(lines, margin, y));
    y += heightOf(lines);
  };
  paragraph(sheet.title, titleStyle);
  if (sheet.subtitle !== undefined) {
    y += 4;
    paragraph(sheet.subtitle, subtitleStyle);
  }
  y += 32;

  const headings = sheet.columns.map((label) => labelLines(label, tile.width));
  const headingHeight = Math.max(0, ...headings.map(heightOf));
  headings.forEach((lines, column) => {
    // Headings of different length stand on the pictures, not hang from above.
    const top = y + headingHeight - heightOf(lines);
    svg.push(linesToSvg(lines, gridLeft + column * (tile.width + gutter), top));
  });
  y += headingHeight + 12;

  const tiles: PlacedTile[] = [];
  sheet.rows.forEach((label, row) => {
    const lines = labelLines(label, rowLabelWidth);
    svg.push(linesToSvg(lines, margin, y - 2));
    sheet.columns.forEach((_, column) => {
      const picture = sheet.pictures[row]?.[column] ?? null;
      const left = gridLeft + column * (tile.width + gutter);
      svg.push(frameToSvg(left, y, tile, picture !== null));
      tiles.push({ picture, left, top: y });
    });
    y += Math.max(tile.height, hasRowLabels ? heightOf(lines) : 0) + gutter;
  });
  y += 32 - gutter;

  if (sheet.footer.length > 0) {
    svg.push(`<rect x="${margin}" y="${y}" width="${textWidth}" height="1" fill="${hairline}"/>`);
    y += 18;
    for (const text of sheet.footer) {
      paragraph(text, footerStyle);
      y += 4;
    }
  }
  return { size: { width, height: Math.ceil(y + margin - 16) }, svg: svg.join(''), tiles };
}

function checkShape(sheet: Sheet): void {
  const right =
    sheet.pictures.length === sheet.rows.length &&
    sheet.pictures.every((row) => row.length === sheet.columns.length) &&
    sheet.rows.length * sheet.columns.length > 0;
  if (!right) {
    throw new Error(
      `pictures must come in ${sheet.rows.length} rows of ${sheet.columns.length}, one at least`,
    );
  }
}
