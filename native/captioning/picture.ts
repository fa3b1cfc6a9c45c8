import { readWhole } from '../images/decode.ts';
import { type Samples } from './resample.ts';

/**
 * A picture file as RGB, laid over white where it is transparent, as it is trained on: EXIF rotation applied, profiles
 * converted to sRGB.
 * @throws Failure `image-unreadable`
 */
export async function readOverWhite(path: string): Promise<Samples> {
  const { width, height, channels, pixels } = await readWhole(path);
  const data = channels === 3 ? pixels : overWhite(pixels);
  return { width, height, channels: 3, data };
}

/** RGBA over white with Pillow's rounding, which the published code has by its `alpha_composite`. */
function overWhite(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let at = 0, to = 0; at < rgba.length; at += 4) {
    const source = rgba[at + 3]! << 7;
    const white = (255 << 7) - source;
    for (let channel = 0; channel < 3; channel++) {
      const sum = rgba[at + channel]! * source + 255 * white + (0x80 << 7);
      rgb[to++] = ((sum >> 8) + sum) >> 15;
    }
  }
  return rgb;
}

/** Padded with white to a square, the picture in its middle. */
export function onSquare(picture: Samples): Samples {
  const { width, height, channels, data } = picture;
  if (width === height) return picture;
  const side = Math.max(width, height);
  const [left, top] = [(side - width) >> 1, (side - height) >> 1];
  const square = new Uint8Array(side * side * channels).fill(255);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    square.set(row, ((y + top) * side + left) * channels);
  }
  return { width: side, height: side, channels, data: square };
}
