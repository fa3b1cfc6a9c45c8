import { expect, test } from 'vitest';

import { toldWarnings } from '../../electron/runs/told-warnings.ts';

test('of several runs, what all are warned of is said once, and the rest with whose it is', () => {
  expect(
    toldWarnings([
      { name: 'huber', warnings: ['Small images.'] },
      { name: 'mse', warnings: ['Small images.', 'train.loss.threshold does nothing: …'] },
      { name: 'mse, fast', warnings: ['train.loss.threshold does nothing: …', 'Small images.'] },
    ]),
  ).toEqual(['Small images.', 'mse and mse, fast: train.loss.threshold does nothing: …']);
  expect(toldWarnings([{ name: 'one', warnings: ['a', 'b', 'a'] }])).toEqual(['a', 'b']);
});
