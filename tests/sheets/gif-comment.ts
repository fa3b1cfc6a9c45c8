/** The first comment of a GIF that `withGifComment` wrote; null where there is none. */
export function readGifComment(gif: Buffer): string | null {
  const flags = gif[10]!;
  let at = 13 + ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  if (gif[at] !== 0x21 || gif[at + 1] !== 0xfe) return null;
  const blocks: Buffer[] = [];
  for (at += 2; gif[at] !== 0 && at < gif.length; at += 1 + gif[at]!) {
    blocks.push(gif.subarray(at + 1, at + 1 + gif[at]!));
  }
  return Buffer.concat(blocks).toString('utf8');
}
