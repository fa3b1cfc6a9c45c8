/**
 * Windows and OS/2 bitmaps, which libvips as sharp ships it does not read: 1, 2, 4, 8, 16, 24 and 32 bits a pixel, by palette,
 * by bit masks, and with run lengths. Source: Microsoft, "Bitmap Storage" and "Bitmap Compression" (Windows GDI).
 */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Four where some pixels are transparent. */
  readonly channels: 3 | 4;
  /** `[height, width, channels]`, top row first. */
  readonly pixels: Uint8Array;
}

export interface BitmapHeader {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the palette and the pixels begin. */
  readonly paletteAt: number;
  readonly pixelsAt: number;
  readonly paletteColors: number;
  /** Bytes of a palette's colour. */
  readonly paletteStep: 3 | 4;
  /** Red, green, blue and alpha of a pixel of 16 or 32 bits. */
  readonly masks: readonly [number, number, number, number];
}

const fileHeaderBytes = 14;
const coreHeaderBytes = 12;
const [uncompressed, runs8, runs4, bitFields, alphaBitFields] = [0, 1, 2, 3, 6];
const bitsOf: Readonly<Record<number, readonly number[]>> = {
  [uncompressed]: [1, 2, 4, 8, 16, 24, 32],
  [runs8]: [8],
  [runs4]: [4],
  [bitFields]: [16, 32],
  [alphaBitFields]: [16, 32],
};

export function isBitmap(bytes: Buffer): boolean {
  return bytes.length >= 2 && bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/** @throws Error in words for a person: cut short, or of a kind that is not read */
export function readBitmapHeader(bytes: Buffer): BitmapHeader {
  if (bytes.length < fileHeaderBytes + coreHeaderBytes) throw new Error('the file ends within its header');
  const headerBytes = bytes.readUInt32LE(fileHeaderBytes);
  if (headerBytes !== coreHeaderBytes && (headerBytes < 16 || headerBytes > 124)) {
    throw new Error(`it is no bitmap: its header would be ${headerBytes} bytes long`);
  }
  if (bytes.length < fileHeaderBytes + headerBytes) throw new Error('the file ends within its header');
  const core = headerBytes === coreHeaderBytes;
  const field = (at: number) => (headerBytes >= at + 4 ? bytes.readUInt32LE(fileHeaderBytes + at) : 0);
  const width = core ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const signedHeight = core ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const bits = bytes.readUInt16LE(core ? 24 : 28);
  const compression = core ? uncompressed : field(16);
  if (width <= 0 || signedHeight === 0) {
    throw new Error(`its header claims ${width} x ${Math.abs(signedHeight)} pixels`);
  }
  if (!(bitsOf[compression] ?? []).includes(bits)) {
    throw new Error(`it is a bitmap of ${bits} bits with compression ${compression}, which is not read`);
  }
  const masked = compression === bitFields || compression === alphaBitFields;
  // The first Windows header has the masks behind it, later ones inside.
  const masksBehind = masked && headerBytes === 40 ? (compression === alphaBitFields ? 16 : 12) : 0;
  const paletteAt = fileHeaderBytes + headerBytes + masksBehind;
  const pixelsAt = bytes.readUInt32LE(10);
  const paletteStep = core ? 3 : 4;
  const claimed = core ? 0 : field(32);
  const room = Math.max(0, Math.floor((Math.min(pixelsAt, bytes.length) - paletteAt) / paletteStep));
  const most = bits <= 8 ? 2 ** bits : 0;
  return {
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bits,
    compression,
    paletteAt,
    pixelsAt,
    paletteColors: Math.min(claimed === 0 ? most : claimed, most, room),
    paletteStep,
    masks: masked ? readMasks(bytes, headerBytes, masksBehind) : usualMasks(bits),
  };
}

/** @throws Error in words for a person */
export function decodeBitmap(bytes: Buffer, header: BitmapHeader): Bitmap {
  if (header.pixelsAt < header.paletteAt || header.pixelsAt > bytes.length) {
    throw new Error('the file ends before its pixels');
  }
  if (header.bits <= 8) return fromPalette(bytes, header);
  return header.bits === 24 ? fromTriples(bytes, header) : fromMasks(bytes, header);
}

function readMasks(bytes: Buffer, headerBytes: number, behind: number): BitmapHeader['masks'] {
  const at = fileHeaderBytes + 40;
  const count = behind > 0 ? behind / 4 : headerBytes >= 56 ? 4 : headerBytes >= 52 ? 3 : 0;
  if (count === 0 || bytes.length < at + 4 * count) throw new Error('the file ends within its header');
  const mask = (index: number) => (index < count ? bytes.readUInt32LE(at + 4 * index) : 0);
  return [mask(0), mask(1), mask(2), mask(3)];
}

function usualMasks(bits: number): BitmapHeader['masks'] {
  return bits === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0x00ff00, 0x0000ff, 0xff000000];
}

/** Bytes of a row, which are filled up to a multiple of four. */
function rowBytes({ width, bits }: BitmapHeader): number {
  return 4 * Math.ceil((width * bits) / 32);
}

/** Where each row begins in the file, from the top one down. */
function rowStarts(bytes: Buffer, header: BitmapHeader): (row: number) => number {
  const { height, topDown, pixelsAt } = header;
  const stride = rowBytes(header);
  // Some writers leave out the filling of the last row.
  const needed = stride * (height - 1) + Math.ceil((header.width * header.bits) / 8);
  if (bytes.length < pixelsAt + needed) throw new Error('the file ends within its pixels');
  return (row) => pixelsAt + stride * (topDown ? row : height - 1 - row);
}

function fromPalette(bytes: Buffer, header: BitmapHeader): Bitmap {
  const { width, height, paletteAt, paletteColors, paletteStep } = header;
  const indexes = header.compression === uncompressed ? packed(bytes, header) : runLengths(bytes, header);
  // A colour that the palette does not have is black, as elsewhere.
  const palette = new Uint8Array(3 * 256);
  for (let color = 0; color < paletteColors; color++) {
    const at = paletteAt + color * paletteStep;
    palette.set([bytes[at + 2]!, bytes[at + 1]!, bytes[at]!], 3 * color);
  }
  const pixels = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < indexes.length; pixel++) {
    const color = 3 * indexes[pixel]!;
    pixels[3 * pixel] = palette[color]!;
    pixels[3 * pixel + 1] = palette[color + 1]!;
    pixels[3 * pixel + 2] = palette[color + 2]!;
  }
  return { width, height, channels: 3, pixels };
}

function packed(bytes: Buffer, header: BitmapHeader): Uint8Array {
  const { width, height, bits } = header;
  const start = rowStarts(bytes, header);
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  const indexes = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = start(y);
    for (let x = 0; x < width; x++) {
      const within = x % perByte;
      const byte = bytes[row + (x - within) / perByte]!;
      indexes[y * width + x] = (byte >> (8 - bits * (within + 1))) & mask;
    }
  }
  return indexes;
}

/** Pairs of a count and a value; a count of zero begins an end of line, an end, a jump or a stretch of single values. */
function runLengths(bytes: Buffer, header: BitmapHeader): Uint8Array {
  const { width, height, topDown, bits } = header;
  const indexes = new Uint8Array(width * height);
  let at = header.pixelsAt;
  let [x, y] = [0, 0];
  const next = () => {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('the file ends within its pixels');
    return byte;
  };
  const put = (value: number) => {
    if (x < width && y < height) indexes[(topDown ? y : height - 1 - y) * width + x] = value;
    x++;
  };
  const half = (byte: number, index: number) => (index % 2 === 0 ? byte >> 4 : byte & 15);
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let index = 0; index < count; index++) put(bits === 8 ? value : half(value, index));
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += next();
      y += next();
    } else {
      const length = bits === 8 ? value : Math.ceil(value / 2);
      for (let index = 0; index < value;) {
        const byte = next();
        put(bits === 8 ? byte : byte >> 4);
        index++;
        if (bits === 4 && index < value) {
          put(byte & 15);
          index++;
        }
      }
      at += length % 2;
    }
    // The end mark may be left out after the last row.
    if (at >= bytes.length && y === height - 1 && x >= width) break;
  }
  return indexes;
}

function fromTriples(bytes: Buffer, header: BitmapHeader): Bitmap {
  const { width, height } = header;
  const start = rowStarts(bytes, header);
  const pixels = new Uint8Array(3 * width * height);
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = start(y);
    for (let x = 0; x < width; x++, from += 3, to += 3) {
      pixels[to] = bytes[from + 2]!;
      pixels[to + 1] = bytes[from + 1]!;
      pixels[to + 2] = bytes[from]!;
    }
  }
  return { width, height, channels: 3, pixels };
}

function fromMasks(bytes: Buffer, header: BitmapHeader): Bitmap {
  const { width, height, bits, masks } = header;
  const start = rowStarts(bytes, header);
  const [red, green, blue] = masks.map(channelOf) as [Channel, Channel, Channel];
  const alpha = masks[3] === 0 ? null : channelOf(masks[3]);
  const pixels = new Uint8Array(4 * width * height);
  let [to, seen, whole] = [0, false, true];
  for (let y = 0; y < height; y++) {
    let from = start(y);
    for (let x = 0; x < width; x++, from += bits / 8, to += 4) {
      const value = bits === 16 ? bytes.readUInt16LE(from) : bytes.readUInt32LE(from);
      pixels[to] = red(value);
      pixels[to + 1] = green(value);
      pixels[to + 2] = blue(value);
      const opacity = alpha === null ? 255 : alpha(value);
      pixels[to + 3] = opacity;
      if (opacity > 0) seen = true;
      if (opacity < 255) whole = false;
    }
  }
  // Most writers leave the fourth byte zero and mean opaque; a picture that is transparent everywhere shows nothing.
  if (seen && !whole) return { width, height, channels: 4, pixels };
  return { width, height, channels: 3, pixels: withoutAlpha(pixels) };
}

type Channel = (value: number) => number;

/** A channel's value, spread over 0 to 255; one that has no bits is 0. */
function channelOf(mask: number): Channel {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  if (most === 255) return (value) => (value >>> shift) & 255;
  return (value) => Math.round((255 * ((value & mask) >>> shift)) / most);
}

function withoutAlpha(pixels: Uint8Array): Uint8Array {
  const bare = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    bare[to] = pixels[from]!;
    bare[to + 1] = pixels[from + 1]!;
    bare[to + 2] = pixels[from + 2]!;
  }
  return bare;
}
