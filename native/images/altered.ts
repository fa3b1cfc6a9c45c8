import sharp, { type Sharp } from 'sharp';

import { type Alteration, colourChange, cornerOf, radians, windowOf } from './alteration.ts';
import { decoding, type ImageSize } from './decode.ts';

/**
 * Goes up when an alteration comes out as other pixels than before.
 * 1: Lanczos for size, bicubic where it is turned.
 */
export const alteringVersion = 1;

/**
 * Like `readRgb`, of an altered image: bytes `[height, width, 3]`.
 * @throws Failure `image-unreadable`
 */
export async function readAlteredRgb(
  path: string,
  size: ImageSize,
  alteration: Alteration,
): Promise<Uint8Array> {
  return await decoding(path, async ({ image, size: original }) => {
    const flat = image.autoOrient().flatten({ background: '#ffffff' });
    const cut = await cutOut(flat, original, size, alteration, (scaled) =>
      scaled.removeAlpha().toColourspace('srgb'),
    );
    const change = colourChange(alteration);
    const coloured =
      change === null
        ? cut
        : await sharp(cut, { raw: { ...size, channels: 3 } })
            .recomb(change.matrix.map((row) => [...row]) as [Three, Three, Three])
            // Half a step, for what comes of it is cut off to a whole number.
            .linear([1, 1, 1], new Array<number>(3).fill(change.added + 0.5))
            .raw({ depth: 'uchar' })
            .toBuffer();
    if (coloured.length !== 3 * size.width * size.height) throw new Error('expected 3 channels');
    return coloured;
  });
}

type Three = [number, number, number];

/**
 * Like `readMask`, cut out as the altered image is.
 * @throws Failure `image-unreadable`
 */
export async function readAlteredMask(
  path: string,
  size: ImageSize,
  channel: 'grey' | 'alpha',
  alteration: Alteration,
): Promise<Uint8Array> {
  return await decoding(path, async ({ image, size: original }) => {
    const cut = await cutOut(image.autoOrient(), original, size, alteration, (scaled) =>
      channel === 'alpha'
        ? scaled.ensureAlpha().extractChannel('alpha')
        : scaled.removeAlpha().toColourspace('b-w'),
    );
    if (cut.length !== size.width * size.height) throw new Error('expected 1 channel');
    return cut;
  });
}

async function cutOut(
  image: Sharp,
  original: ImageSize,
  size: ImageSize,
  alteration: Alteration,
  channels: (scaled: Sharp) => Sharp,
): Promise<Buffer> {
  const { width, height } = size;
  const window = windowOf(original, size, alteration);
  const scaled = image.resize(window.scaled.width, window.scaled.height, {
    fit: 'fill',
    kernel: 'lanczos3',
    fastShrinkOnLoad: false,
  });
  if (alteration.rotation === 0) {
    const cut = scaled.extract({ ...cornerOf(window, size), width, height });
    return await channels(cut).raw({ depth: 'uchar' }).toBuffer();
  }
  // Only what can come into view is turned: a long image at an angle would need a canvas as long, and as high.
  const reach = Math.ceil(Math.hypot(width, height) / 2) + 2;
  const span = (middle: number, end: number): [from: number, length: number] => {
    const from = Math.max(0, Math.floor(middle) - reach);
    return [from, Math.min(end, Math.ceil(middle) + reach) - from];
  };
  const [left, across] = span(window.middle.x, window.scaled.width);
  const [top, down] = span(window.middle.y, window.scaled.height);
  const whole = await channels(scaled.extract({ left, top, width: across, height: down }))
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const [cos, sin] = [Math.cos(radians(alteration.rotation)), Math.sin(radians(alteration.rotation))];
  const turned = await sharp(whole.data, { raw: whole.info })
    .affine([cos, -sin, sin, cos], { interpolator: sharp.interpolators.bicubic })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  // The image's middle stays that of the canvas, which grew to hold its corners.
  const [x, y] = [window.middle.x - left - across / 2, window.middle.y - top - down / 2];
  const middle = {
    x: turned.info.width / 2 + cos * x - sin * y,
    y: turned.info.height / 2 + sin * x + cos * y,
  };
  const corner = cornerOf({ scaled: turned.info, middle }, size);
  const cut = sharp(turned.data, { raw: turned.info }).extract({ ...corner, width, height });
  // Of a single channel three alike have been made.
  const narrowed = whole.info.channels === 1 ? cut.extractChannel(0) : cut;
  return await narrowed.raw({ depth: 'uchar' }).toBuffer();
}
