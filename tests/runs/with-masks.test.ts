import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { maskWarnings, withMasks } from '../../electron/runs/with-masks.ts';
import { maskPathOf, usualMasks } from '../../native/facts/masks.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const full = { kind: 'full', textEncoder: false } as const;

test('images are planned with the masks beside them, and what has none is said', async () => {
  const folder = temporaryFolder();
  const images = ['a.jpg', 'b.png'].map((id): TrainingImage => {
    return { id, path: join(folder, id), captions: [''], width: 64, height: 64 };
  });
  const files = { ...usualMasks, source: 'files' } as const;
  expect(() => withMasks(images, files, full)).toThrow(expect.objectContaining({ code: 'masks-missing' }));
  await writeFile(maskPathOf(images[0]!.path), 'a mask');
  const planned = withMasks(images, files, full);
  expect(planned.map(({ mask }) => mask)).toEqual([join(folder, 'a-masklabel.png'), undefined]);
  expect(maskWarnings(planned, files)).toEqual(['b.png has no mask and is learned whole.']);
  expect(withMasks(images, usualMasks, full)).toEqual(images);
  expect(withMasks(images, { ...usualMasks, source: 'alpha' }, full)).toEqual(images);
  expect(() => withMasks(images, files, { kind: 'vae', kl: 1e-6 })).toThrow(
    expect.objectContaining({ code: 'mask-method' }),
  );
});
