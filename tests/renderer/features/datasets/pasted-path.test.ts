import { expect, test } from 'vitest';

import { pastedPaths } from '../../../../renderer/features/datasets/import/pasted-path.ts';

test.each([
  ['/home/me/cats', ['/home/me/cats']],
  ['  "C:\\Users\\me\\my cats"  ', ['C:\\Users\\me\\my cats']],
  ['\\\\server\\share\\cats', ['\\\\server\\share\\cats']],
  ['file:///home/me/my%20cats', ['/home/me/my cats']],
  ['file:///C:/cats', ['C:/cats']],
  ['/a.png\r\n/b.png\n', ['/a.png', '/b.png']],
])('%j is a path to import', (text, paths) => {
  expect(pastedPaths(text)).toEqual(paths);
});

test.each(['', 'a red fox, sitting', '/a.png\nand some words', 'https://example.org/cat.png'])(
  '%j is not',
  (text) => {
    expect(pastedPaths(text)).toBeNull();
  },
);
