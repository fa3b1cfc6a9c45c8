import { extname } from 'node:path';

import sharp from 'sharp';

import { Failure } from '../../native/failure.ts';
import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import type { ImageSize } from '../../native/images/decode.ts';
import { countOf } from '../contract/quantities.ts';
import { withGifComment, xmpDescription } from './animation-text.ts';
import { heightOf, type Label, labelLines, linesToSvg } from './label.ts';
import { textToSvg } from './lettering.ts';
import { accent, hairline, paper, subtitleStyle, titleStyle } from './theme.ts';
import { type Enlargement, frameToSvg, placePicture, tileSize } from './tile.ts';

export interface Frame {
  /** `Base`, `Epoch 15`. */
  readonly label: string;
  /** One picture file for each of the animation's captions; null where there is none. */
  readonly pictures: readonly (string | null)[];
}

export interface Animation {
  readonly title: string;
  /** Below each picture, the same in all frames: its prompt and seed. */
  readonly captions: readonly Label[];
  readonly frames: readonly Frame[];
}

export interface AnimationOptions {
  readonly enlargement?: Enlargement;
  /** Default 0.9. */
  readonly secondsPerFrame?: number;
  /** How long the last frame stays before the first returns; default 3. */
  readonly secondsAtEnd?: number;
  /** Pictures side by side; default: about as wide as high. */
  readonly columns?: number;
  /** How it was made, for the file's metadata: a comment in a GIF, XMP in a WebP. */
  readonly description?: string;
}

const margin = 32;
const gutter = 16;
/** Both formats hold sizes in 14 or 16 bits, and few viewers play what is larger than a screen. */
const maxSide = 8192;

/**
 * Writes how pictures develop, one frame for each epoch, as an endlessly repeating GIF or WebP, by the extension. A line
 * at the bottom says which epoch is shown and how far along it is.
 * @returns the size in pixels
 * @throws Failure `animation-format`, `animation-too-large`, `image-unreadable`, `write-failed`
 */
export async function writeAnimation(
  path: string,
  animation: Animation,
  options: AnimationOptions = {},
): Promise<ImageSize> {
  const format = formatOf(path);
  checkShape(animation);
  const tile = await tileSize(animation.frames.flatMap(({ pictures }) => pictures));
  const layout = layOut(animation, tile, options.columns);
  const { width, height } = layout.size;
  if (width > maxSide || height > maxSide) {
    throw new Failure(
      'animation-too-large',
      `An animation of ${countOf(animation.captions.length, 'picture')} would be ${width} x ${height} pixels.`,
      'Animate fewer prompts at once.',
    );
  }
  const frames: Buffer[] = [];
  for (const index of animation.frames.keys()) {
    frames.push(await drawFrame(animation, index, layout, options.enlargement ?? 'smooth'));
  }
  const perFrame = Math.round(1000 * (options.secondsPerFrame ?? 0.9));
  const atEnd = Math.round(1000 * (options.secondsAtEnd ?? 3));
  const delay = frames.map((_, index) => (index === frames.length - 1 ? atEnd : perFrame));
  const joined = frames.length === 1 ? sharp(frames[0]) : sharp(frames, { join: { animated: true } });
  const { description } = options;
  const bytes =
    format === 'gif'
      ? await joined.gif({ delay, loop: 0, effort: 6, dither: 0.5, keepDuplicateFrames: true }).toBuffer()
      : await (description === undefined ? joined : joined.withXmp(xmpDescription(description)))
          .webp({ delay, loop: 0, quality: 90, smartSubsample: true })
          .toBuffer();
  await writeFileAtomic(
    path,
    format === 'gif' && description !== undefined ? withGifComment(bytes, description) : bytes,
  );
  return layout.size;
}

interface Layout {
  readonly size: ImageSize;
  readonly tile: ImageSize;
  readonly places: readonly { readonly left: number; readonly top: number }[];
  /** What is the same in every frame. */
  readonly svg: string;
  readonly footTop: number;
}

function layOut(animation: Animation, tile: ImageSize, wanted: number | undefined): Layout {
  const count = animation.captions.length;
  const columns = Math.min(count, wanted ?? Math.ceil(Math.sqrt(count * 1.3)));
  const width = Math.max(2 * margin + columns * (tile.width + gutter) - gutter, 360);
  const svg: string[] = [];
  let y = margin;
  if (animation.title !== '') {
    const lines = labelLines({ text: '', note: animation.title }, width - 2 * margin, 2);
    svg.push(linesToSvg(lines, margin, y));
    y += heightOf(lines) + 14;
  }
  const places: { left: number; top: number }[] = [];
  for (let start = 0; start < count; start += columns) {
    const captions = animation.captions.slice(start, start + columns);
    const lines = captions.map((caption) => labelLines(caption, tile.width, 2));
    const top = y;
    lines.forEach((caption, column) => {
      const left = margin + column * (tile.width + gutter);
      places.push({ left, top });
      svg.push(linesToSvg(caption, left, top + tile.height + 8));
    });
    y += tile.height + 8 + Math.max(...lines.map(heightOf)) + gutter;
  }
  return {
    size: { width, height: Math.ceil(y + 58 + margin - 12) },
    tile,
    places,
    svg: svg.join(''),
    footTop: y,
  };
}

async function drawFrame(
  animation: Animation,
  index: number,
  layout: Layout,
  enlargement: Enlargement,
): Promise<Buffer> {
  const frame = animation.frames[index]!;
  const { width, height } = layout.size;
  const frames = layout.places
    .map(({ left, top }, at) => frameToSvg(left, top, layout.tile, frame.pictures[at] !== null))
    .join('');
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="${width}" height="${height}" fill="${paper}"/>${layout.svg}${frames}` +
    `${footToSvg(animation.frames, index, layout)}</svg>`;
  const overlays = await Promise.all(
    layout.places.flatMap(({ left, top }, at) => {
      const picture = frame.pictures[at];
      return typeof picture === 'string' ? [placePicture(picture, left, top, layout.tile, enlargement)] : [];
    }),
  );
  return await sharp(Buffer.from(svg))
    .composite(overlays)
    .removeAlpha()
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** The frame's name, and a track with a stop for each frame. */
function footToSvg(frames: readonly Frame[], index: number, { size, footTop }: Layout): string {
  const left = margin + 6;
  const right = size.width - margin - 6;
  const track = footTop + 52;
  const stop = (at: number) =>
    frames.length === 1 ? left : left + ((right - left) * at) / (frames.length - 1);
  const dots = frames
    .map((_, at) =>
      at === index
        ? `<circle cx="${stop(at)}" cy="${track}" r="6" fill="${accent}"/>`
        : `<circle cx="${stop(at)}" cy="${track}" r="3.5" fill="${at < index ? accent : hairline}"/>`,
    )
    .join('');
  return (
    textToSvg(frames[index]!.label, margin, footTop + 28, { ...titleStyle, size: 24 }) +
    textToSvg(`${index + 1} / ${frames.length}`, size.width - margin, footTop + 28, subtitleStyle, 'end') +
    `<path d="M${left} ${track}H${right}" stroke="${hairline}" stroke-width="2"/>` +
    `<path d="M${left} ${track}H${stop(index)}" stroke="${accent}" stroke-width="2"/>${dots}`
  );
}

function formatOf(path: string): 'gif' | 'webp' {
  const extension = extname(path).toLowerCase();
  if (extension === '.gif') return 'gif';
  if (extension === '.webp') return 'webp';
  throw new Failure(
    'animation-format',
    `${path} does not end in .gif or .webp.`,
    'Choose one of the two: GIF plays everywhere, WebP keeps all colours.',
  );
}

function checkShape({ captions, frames }: Animation): void {
  if (captions.length === 0 || frames.length === 0)
    throw new Error('an animation needs a picture and a frame');
  if (frames.some(({ pictures }) => pictures.length !== captions.length)) {
    throw new Error(`every frame must have ${captions.length} pictures`);
  }
}
