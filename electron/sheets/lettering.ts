import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { create, type Font, type GlyphRun } from 'fontkit';
import { LRUCache } from 'lru-cache';

/**
 * Text as outlines, set in Inter (SIL Open Font License), so that a sheet looks the same on every machine, a server
 * without fonts included. What Inter has no letters for, such as 日本, is left to the fonts of the system.
 */

export interface TextStyle {
  /** Font size in pixels. */
  readonly size: number;
  readonly weight: 400 | 500 | 600;
  /** As SVG writes it. */
  readonly color: string;
}

/** Fontsource cuts a font into files by script; they are looked through in this order. */
const scripts = [
  'latin',
  'latin-ext',
  'cyrillic',
  'cyrillic-ext',
  'greek',
  'greek-ext',
  'vietnamese',
] as const;

const require = createRequire(import.meta.url);
const loaded = new Map<string, Font>();
const shaped = new WeakMap<Font, LRUCache<string, GlyphRun>>();
const shapedOfFont = 500;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const words = new Intl.Segmenter('en', { granularity: 'word' });

/** Width of a line in pixels. */
export function measureText(text: string, style: TextStyle): number {
  return setLine(text, style).width;
}

/**
 * One line as SVG elements, its baseline at `y`, beginning, centred or ending at `x`.
 */
export function textToSvg(
  text: string,
  x: number,
  y: number,
  style: TextStyle,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  const { runs, width } = setLine(text, style);
  const left = anchor === 'start' ? x : anchor === 'middle' ? x - width / 2 : x - width;
  return runs
    .map((run) => {
      const at = left + run.x;
      if (run.set === null) {
        return (
          `<text x="${round(at + run.width / 2)}" y="${round(y)}" text-anchor="middle" font-family="sans-serif" ` +
          `font-size="${style.size}" fill="${style.color}">${escapeXml(run.text)}</text>`
        );
      }
      return `<path fill="${style.color}" d="${outlines(run.set, run.scale, at, y)}"/>`;
    })
    .join('');
}

/** Glyphs are drawn in font units with y upwards; the page is in pixels with y downwards. */
function outlines({ glyphs, positions }: GlyphRun, scale: number, x: number, y: number): string {
  let pen = 0;
  return glyphs
    .map((glyph, index) => {
      const { xAdvance, xOffset, yOffset } = positions[index]!;
      const path = glyph.path.transform(
        scale,
        0,
        0,
        -scale,
        x + (pen + xOffset) * scale,
        y - yOffset * scale,
      );
      pen += xAdvance;
      return path.toSVG();
    })
    .join('');
}

/**
 * Breaks a text into lines no wider than `width`, between words where possible; a text that needs more than `maxLines`
 * ends in an ellipsis.
 */
export function wrapText(
  text: string,
  style: TextStyle,
  width: number,
  maxLines = Infinity,
): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.normalize('NFC').split('\n')) {
    let line = '';
    for (const piece of unbreakable(paragraph)) {
      if (measureText((line + piece).trimEnd(), style) <= width) {
        line += piece;
        continue;
      }
      if (line.trim() !== '') lines.push(line.trimEnd());
      line = '';
      for (const { segment } of graphemes.segment(piece)) {
        if (line !== '' && measureText((line + segment).trimEnd(), style) > width) {
          lines.push(line.trimEnd());
          line = '';
        }
        line += segment;
      }
    }
    lines.push(line.trimEnd());
  }
  return lines.length <= maxLines ? lines : shortened(lines, style, width, maxLines);
}

function shortened(
  lines: readonly string[],
  style: TextStyle,
  width: number,
  maxLines: number,
): readonly string[] {
  const last = [...graphemes.segment(lines[maxLines - 1]!)].map(({ segment }) => segment);
  while (last.length > 0 && measureText(`${last.join('').trimEnd()}…`, style) > width) last.pop();
  const words = last.join('').replace(/(\s\S+)\s+\S*$/, '$1');
  return [...lines.slice(0, maxLines - 1), `${words.replace(/[\s,;:.]+$/, '')}…`];
}

/** Words with the punctuation and space that follow them: no line begins with a comma. */
function unbreakable(text: string): readonly string[] {
  const pieces: string[] = [];
  for (const { segment, isWordLike } of words.segment(text)) {
    const opens = /^[("'“‘[]$/.test(segment);
    const joins = pieces.length > 0 && isWordLike !== true && !opens;
    const afterOpening =
      /(?:^|\s)[("'“‘[]$|[-/_.]$/.test(pieces.at(-1) ?? '') && !/\s$/.test(pieces.at(-1) ?? '');
    if (joins || (pieces.length > 0 && afterOpening)) pieces.push(pieces.pop()! + segment);
    else pieces.push(segment);
  }
  return pieces;
}

/** Letters of one font, or one grapheme that is left to the system. */
interface Run {
  readonly text: string;
  readonly set: GlyphRun | null;
  /** Pixels per font unit. */
  readonly scale: number;
  readonly x: number;
  readonly width: number;
}

function setLine(text: string, style: TextStyle): { readonly runs: readonly Run[]; readonly width: number } {
  const pieces: { font: Font | null; text: string }[] = [];
  for (const { segment } of graphemes.segment(text.normalize('NFC').replaceAll(/\s/g, ' '))) {
    const font = fontOf(segment, style.weight);
    const last = pieces.at(-1);
    if (font !== null && last?.font === font) last.text += segment;
    else pieces.push({ font, text: segment });
  }
  let x = 0;
  const runs = pieces.map(({ font, text: piece }): Run => {
    const start = x;
    const scale = style.size / (font?.unitsPerEm ?? 1);
    const set = font === null ? null : layOut(font, piece);
    const width = set === null ? borrowedWidth(piece) * style.size : set.advanceWidth * scale;
    x += width;
    return { text: piece, set, scale, x: start, width };
  });
  return { runs, width: x };
}

/** Shaping costs about a millisecond, and wrapping asks for the same beginnings of a line again and again. */
function layOut(font: Font, text: string): GlyphRun {
  const known = shaped.get(font) ?? new LRUCache<string, GlyphRun>({ max: shapedOfFont });
  shaped.set(font, known);
  const run = known.get(text) ?? font.layout(text);
  known.set(text, run);
  return run;
}

/** Null where Inter has no single letter for it, as for kanji, emoji and stacked marks. */
function fontOf(grapheme: string, weight: TextStyle['weight']): Font | null {
  if (!/^.$/su.test(grapheme)) return null;
  return (
    scripts
      .map((script) => fontFor(script, weight))
      .find((font) => font.hasGlyphForCodePoint(grapheme.codePointAt(0)!)) ?? null
  );
}

function fontFor(script: (typeof scripts)[number], weight: TextStyle['weight']): Font {
  const name = `inter-${script}-${weight}-normal.woff`;
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const font = create(readFileSync(require.resolve(`@fontsource/inter/files/${name}`)));
  if (!('layout' in font)) throw new Error(`${name} holds more than one font`);
  loaded.set(name, font);
  return font;
}

/** In ems, without knowing the font: East Asian letters and emoji fill a square, marks take no room. */
function borrowedWidth(grapheme: string): number {
  if (/^\p{M}+$/u.test(grapheme)) return 0;
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}\u3000-\u303f\uff00-\uff60]/u.test(
    grapheme,
  )
    ? 1
    : 0.62;
}

/** Control characters have no place in XML, not even escaped. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
