/** Damages inputs the way disks, downloads and people with bad intentions do. */

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function drawnFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Draw = () => number;

export const pick = <T>(draw: Draw, list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;

/** What readers of numbers and lengths stumble over. */
const hardNumbers = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0xffffffff];

export function damageBytes(draw: Draw, valid: Buffer): Buffer {
  let bytes = Buffer.from(valid);
  const at = () => Math.floor(draw() * Math.max(1, bytes.length));
  for (let left = 1 + Math.floor(draw() * 4); left > 0; left--) {
    switch (Math.floor(draw() * 7)) {
      case 0:
        if (bytes.length > 0) flipBit(bytes, at(), Math.floor(draw() * 8));
        break;
      case 1:
        bytes = bytes.subarray(0, at());
        break;
      case 2: {
        const place = at();
        const width = pick(draw, [1, 2, 4, 8]);
        if (place + width > bytes.length) break;
        const value = pick(draw, hardNumbers);
        for (let index = 0; index < width; index++)
          bytes[place + (draw() < 0.5 ? index : width - 1 - index)] = (value >>> (8 * (index % 4))) & 0xff;
        break;
      }
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at()), bytes.subarray(at())]);
        break;
      case 4: {
        const from = at();
        const part = bytes.subarray(from, from + Math.floor(draw() * 64));
        bytes = Buffer.concat([
          bytes.subarray(0, at()),
          ...Array<Buffer>(1 + Math.floor(draw() * 50)).fill(part),
        ]);
        break;
      }
      case 5: {
        const from = at();
        bytes.fill(pick(draw, [0, 0xff, 0x20]), from, Math.min(bytes.length, from + Math.floor(draw() * 16)));
        break;
      }
      default:
        // The beginning is where formats say how large all else is.
        if (bytes.length > 0)
          bytes[Math.floor(draw() * Math.min(bytes.length, 64))] = Math.floor(draw() * 256);
    }
  }
  return bytes;
}

function flipBit(bytes: Buffer, at: number, bit: number): void {
  bytes[at] = bytes[at]! ^ (1 << bit);
}

/** Every instruction a pickle can have, its arguments left to what follows. */
const pickleInstructions = Buffer.from(
  '(.012FNJKMIL]}ltdeasu)GBCXTUVSPQcRboihjgpqr\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98',
  'latin1',
);

/** Of a pickle: mostly still one, which does other things. */
export function damagePickle(draw: Draw, valid: Buffer): Buffer {
  let bytes = draw() < 0.5 ? damageBytes(draw, valid) : valid;
  for (let left = Math.floor(draw() * 4); left > 0; left--) {
    const at = Math.floor(draw() * bytes.length);
    const inserted = Buffer.from(
      Array.from({ length: 1 + Math.floor(draw() * 4) }, () => pick(draw, [...pickleInstructions])),
    );
    bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + Math.floor(draw() * 3))]);
  }
  return bytes;
}

const hardTexts = [
  '',
  '\0',
  '__proto__',
  'constructor',
  '\u202e',
  '\ud800',
  '../../etc',
  'a'.repeat(5000),
  '${',
  '('.repeat(50),
];

/** Any value, nested no deeper than a few levels. */
export function anyValue(draw: Draw, depth = 0): unknown {
  const kinds = depth > 3 ? 7 : 9;
  switch (Math.floor(draw() * kinds)) {
    case 0:
      return null;
    case 1:
      return draw() < 0.5;
    case 2:
      return pick(draw, [0, -1, 1, 1.5, 1e308, 2 ** 53, -(2 ** 31), 1e-320, 4096, 1_000_000]);
    case 3:
    case 4:
      return pick(draw, hardTexts);
    case 5:
      return Math.floor(draw() * 100);
    case 6:
      return String(Math.floor(draw() * 1e6));
    case 7:
      return Array.from({ length: Math.floor(draw() * 5) }, () => anyValue(draw, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: Math.floor(draw() * 4) }, () => [
          pick(draw, [...hardTexts, 'id', 'kind', 'shape']),
          anyValue(draw, depth + 1),
        ]),
      );
  }
}

/** A value with one part of it replaced, left out, repeated or added. */
export function damageValue(draw: Draw, value: unknown): unknown {
  if (draw() < 0.15 || typeof value !== 'object' || value === null) return anyValue(draw);
  if (Array.isArray(value)) {
    const list = [...(value as unknown[])];
    const at = Math.floor(draw() * (list.length + 1));
    if (draw() < 0.3) list.splice(at, 1);
    else if (draw() < 0.43) return Array.from({ length: 200 }, () => list[0] ?? anyValue(draw));
    else list[at] = damageValue(draw, list[at]);
    return list;
  }
  const entries = Object.entries(value);
  const at = Math.floor(draw() * entries.length);
  if (draw() < 0.15) entries.splice(at, 1);
  else if (draw() < 0.18 || entries.length === 0) entries.push([pick(draw, hardTexts), anyValue(draw)]);
  else entries[at] = [entries[at]![0], damageValue(draw, entries[at]![1])];
  return Object.fromEntries(entries);
}

/** Of a JSON text: mostly still JSON, of another shape. */
export function damageJson(draw: Draw, valid: string): Buffer {
  if (draw() < 0.3) return damageBytes(draw, Buffer.from(valid));
  return Buffer.from(JSON.stringify(damageValue(draw, JSON.parse(valid))));
}
