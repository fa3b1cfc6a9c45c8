import { expect, test } from 'vitest';

import { parseOverride } from '../../electron/contract/parse-run-spec.ts';
import { runSpecOfFlags } from '../../electron/runs/read-run-spec.ts';

const ofFlags = (...flags: readonly string[]) => runSpecOfFlags(flags.map(parseOverride), '/here');

test.each([
  [['name=x'], /--base <model>.*, and --data <folder>/],
  [['data.folder=images'], /^Add --base <model>, the model to start from\. /],
  [['base=model'], /^Add --data <folder>, the folder of images\. /],
])('flags that lack what every run needs are told which: %j', (flags, hint) => {
  expect(() => ofFlags(...flags)).toThrow(
    expect.objectContaining({
      code: 'run-spec-incomplete',
      hint: expect.stringMatching(hint) as string,
    }) as Error,
  );
});

test('flags that say both describe a run, named like its images', () => {
  expect(ofFlags('base=model', 'data.folder=images')).toMatchObject({
    name: 'images',
    base: '/here/model',
    data: { folder: '/here/images' },
  });
});
