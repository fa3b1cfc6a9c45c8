import { describe, expect, test } from 'vitest';

import { ending, line } from '../../../scripts/gpu-check/report-text.ts';
import { type CheckResult, noTime } from '../../../scripts/gpu-check/supervise.ts';

const result = (name: string, ok: boolean | null, rest: Partial<CheckResult> = {}): CheckResult => ({
  ...{ name, ok, provider: 'cuda', seconds: 2 },
  ...rest,
});

test('a check that is right is told by its figures', () => {
  expect(line(result('lora-1', true, { secondsPerStep: 0.13, peakDeviceMib: 2100, losses: [1] }))).toBe(
    '✓ cuda lora-1                          2.0 s  0.130 s a step, 2100 MiB of the device at most',
  );
});

test('one that broke off says why before all else that it found', () => {
  expect(line(result('operators', false, { error: 'CUDA does not start.', failed: [] }))).toBe(
    '✗ cuda operators                       2.0 s  CUDA does not start.  {"failed":[]}',
  );
  expect(line(result('provider', false, { error: 'No driver.' }))).toMatch(/No driver\.$/);
});

describe('the last word', () => {
  const right = result('kernels', true);
  const left = result('decode', null, { skipped: noTime });
  const elsewhere = result('lora-1-tf32', null, { skipped: 'only CUDA has this choice' });

  test.each([
    ['is that nothing is wrong', [right, elsewhere], ['Nothing is wrong.']],
    ['names what is wrong', [right, result('losses-full', false)], ['Wrong: cuda losses-full.']],
    ['is not that all is well where nothing was checked', [elsewhere], ['Nothing was checked.']],
    [
      'names what there was no time for',
      [right, left],
      [
        'Nothing is wrong.',
        'No time was left for cuda decode; --only with their names makes them, or more --seconds.',
      ],
    ],
  ])('%s', (_, results, lines) => {
    expect(ending(results)).toEqual(lines);
  });
});
