import { expect, test } from 'vitest';

import { fileName } from '../../../../renderer/components/pictures/save-picture.tsx';

test.each([
  ['a red fox, Epoch 5, seed 1', 'a red fox, Epoch 5, seed 1.png'],
  ['what? a/b: "c"\n', 'what a b c.png'],
  ['  ', 'picture.png'],
  ['x'.repeat(500), `${'x'.repeat(120)}.png`],
])('a picture called %j is saved under a name every file system takes', (name, file) => {
  expect(fileName(name)).toBe(file);
});
