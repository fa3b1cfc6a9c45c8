import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../images/pictures.ts';
import { comparedSteps, lossJob, lossVariants } from './loss-variants.ts';
import { stepsOf, trainHere } from './tiny-model.ts';

const folder = temporaryFolder();
const reference = JSON.parse(
  await readFile(join(import.meta.dirname, '..', 'reference', 'fixtures', 'losses.json'), 'utf8'),
) as { readonly losses: Readonly<Record<string, readonly number[]>> };

// Reference: torch's AdamW with diffusers' and kohya's formulas over the same batches, by tests/reference/losses.py.
test.each(lossVariants)('the losses of a run with $name follow PyTorch', async (variant) => {
  const { events } = await trainHere(await lossJob(folder.path, variant));
  const losses = stepsOf(events).slice(0, comparedSteps);
  const expected = reference.losses[variant.name]!;
  expect(expected).toHaveLength(comparedSteps);
  // 1e-4 relative: what float32 rounding leaves of twenty steps computed in float64.
  losses.forEach(({ loss }, i) => {
    expect(Math.abs(loss! / expected[i]! - 1), `step ${i + 1}`).toBeLessThanOrEqual(1e-4);
  });
});
