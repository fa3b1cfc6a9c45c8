import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { type Emoji, plainCode, readEmoji } from './emoji-names.ts';

/** An emoji as Fluent Emoji draws it in 3D. */
export interface FluentImage extends Emoji {
  /** WebP of 256 pixels square, transparent around the thing. */
  readonly path: string;
}

/** Every emoji of `@lobehub/fluent-emoji-3d` (MIT) that has an English name, in Unicode's order. */
export async function readFluent(): Promise<readonly FluentImage[]> {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('@lobehub/fluent-emoji-3d/package.json')), 'assets');
  const files = await readdir(folder);
  const paths = new Map(
    files.map((file) => [plainCode(file.replace(/\.webp$/, '')), join(folder, file)] as const),
  );
  return readEmoji().flatMap((emoji) => {
    const path = paths.get(emoji.code);
    return path === undefined ? [] : [{ ...emoji, path }];
  });
}
