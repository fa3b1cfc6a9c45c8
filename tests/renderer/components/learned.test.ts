import { expect, test } from 'vitest';

import { learnedText, whatWasLearned } from '../../../renderer/components/learned.ts';

/** Four groups, of which one is better and one worse than the others by `sway`. */
const epoch = (number: number, held: number | null, seen?: number, sway?: number) => ({
  epoch: number,
  trainLoss: 0.1,
  validationLoss: held,
  ...(seen !== undefined && { seenLoss: seen }),
  ...(sway !== undefined && {
    validationParts: [-sway, 0, 0, sway].map((off) => (held ?? 0) / 4 + off),
  }),
});

test('the lowest held-out loss is marked, and the epochs around it that are as good', () => {
  // The standard error of a difference from what sways by 0 is sway times 1.63.
  const learned = whatWasLearned([
    epoch(1, 0.3, 0.3, 0.02),
    epoch(2, 0.21, 0.2, 0.01),
    epoch(5, 0.2, 0.18, 0),
    epoch(15, 0.215, 0.12, 0.01),
    epoch(30, 0.26, 0.06, 0.01),
    // As low again, but past what is worse.
    epoch(45, 0.21, 0.05, 0.01),
  ]);
  expect(learned).toMatchObject({ best: 5, loss: 0.2, range: { from: 2, to: 15 }, newest: 45 });
  expect(learned?.gap?.best).toBeCloseTo(0.02, 9);
  expect(learned?.gap?.newest).toBeCloseTo(0.16, 9);
  const text = learnedText(learned!);
  expect(text).toContain('lowest at epoch 5; epochs 2 to 15 are as good');
  expect(text).toContain('by heart');
});

test('nothing is said of a gap that does not grow, or was not measured', () => {
  const still = whatWasLearned([epoch(1, 0.3, 0.28), epoch(2, 0.2, 0.18), epoch(3, 0.21, 0.19)])!;
  expect(learnedText(still)).toBe('Held-out loss is lowest at epoch 2.');
  const old = whatWasLearned([epoch(1, 0.2), epoch(2, 0.3)])!;
  expect(old).toMatchObject({ best: 1, range: null, gap: null });
  expect(learnedText(old)).toBe('Held-out loss is lowest at epoch 1.');
});

test('a loss that still falls is said to', () => {
  const learned = whatWasLearned([epoch(1, 0.3), epoch(2, 0.2)])!;
  expect(learnedText(learned)).toContain('still falling');
});

test('one judged epoch, or none, says nothing', () => {
  expect(whatWasLearned([])).toBeNull();
  expect(whatWasLearned([epoch(1, null), epoch(2, 0.2)])).toBeNull();
});
