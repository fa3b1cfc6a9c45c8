import { describe, expect, test } from 'vitest';

import { learnedText, lowestKept, lowestKeptText, whatWasLearned } from '../../electron/contract/learned.ts';

/** Four groups, of which one is better and one worse than the others by `sway`. */
const epoch = (number: number, held: number | null, seen?: number, sway?: number) => ({
  epoch: number,
  trainLoss: number === 0 ? null : 0.1,
  validationLoss: held,
  ...(seen !== undefined && { seenLoss: seen }),
  ...(sway !== undefined && {
    validationParts: [-sway, 0, 0, sway].map((off) => (held ?? 0) / 4 + off),
  }),
});
const textOf = (...of: Parameters<typeof whatWasLearned>): string => learnedText(whatWasLearned(...of)!);

test('the lowest held-out loss is marked, and the epochs around it that are as good', () => {
  // The standard error of a difference from what sways by 0 is sway times 1.63.
  const epochs = [
    epoch(1, 0.3, 0.3, 0.02),
    epoch(2, 0.21, 0.2, 0.01),
    epoch(5, 0.2, 0.18, 0),
    epoch(15, 0.215, 0.12, 0.01),
    epoch(30, 0.26, 0.06, 0.01),
    // As low again, but past what is worse.
    epoch(45, 0.21, 0.05, 0.01),
  ];
  expect(whatWasLearned(epochs, [5])).toMatchObject({
    ...{ best: 5, loss: 0.2, range: { from: 2, to: 15 }, newest: 45 },
    ...{ before: null, nearestKept: null, byHeart: true },
  });
  const { errors } = whatWasLearned(epochs, [5])!;
  expect([...errors].map(([number, error]) => [number, Number(error.toFixed(4))])).toEqual([
    ...[[1, 0.0327] as const, [2, 0.0163] as const, [5, 0] as const],
    ...[[15, 0.0163] as const, [30, 0.0163] as const, [45, 0.0163] as const],
  ]);
  expect(textOf(epochs, [5])).toBe(
    'Held-out loss is lowest at epoch 5. Epochs 2 to 15 are as good, within one standard error. After epoch 5 only training images still improve: the model is learning them by heart.',
  );
});

test('nothing is said of a gap that does not grow, or was not measured', () => {
  const still = [epoch(1, 0.3, 0.28), epoch(2, 0.2, 0.18), epoch(3, 0.21, 0.19)];
  expect(textOf(still, [2])).toBe('Held-out loss is lowest at epoch 2.');
  const old = [epoch(1, 0.2), epoch(2, 0.3)];
  expect(whatWasLearned(old, [1])).toMatchObject({ best: 1, range: null, byHeart: false });
  expect(whatWasLearned(old, [1])!.errors.size).toBe(0);
  expect(textOf(old, [1])).toBe('Held-out loss is lowest at epoch 1.');
});

test('what gets worse on trained images as well is not learned by heart', () => {
  const broken = [epoch(1, 0.3, 0.29), epoch(2, 0.9, 0.4)];
  expect(whatWasLearned(broken, [1])?.byHeart).toBe(false);
});

test('a loss that still falls is said to', () => {
  expect(textOf([epoch(1, 0.3), epoch(2, 0.2)], [2])).toContain('still falling');
  const slowing = [epoch(1, 0.3, 0.3, 0.02), epoch(2, 0.201, 0.2, 0.01), epoch(3, 0.2, 0.19, 0)];
  expect(textOf(slowing, [3])).toContain('Epoch 3 is the newest: the loss was hardly falling any more.');
});

test('one judged epoch, or none, says nothing', () => {
  expect(whatWasLearned([], [])).toBeNull();
  expect(whatWasLearned([epoch(1, null), epoch(2, 0.2)], [])).toBeNull();
  expect(whatWasLearned([epoch(0, 0.3)], [])).toBeNull();
});

describe('what was measured before training', () => {
  test('is what the lowest is held against, from the first epoch on', () => {
    expect(textOf([epoch(0, 0.141), epoch(1, 0.103)], [1])).toBe(
      'Held-out loss fell from 0.1410 before training to 0.1030 at epoch 1, its lowest. Epoch 1 is the newest: the loss was still falling.',
    );
    expect(whatWasLearned([epoch(0, 0.141), epoch(1, 0.103)], [1])).toMatchObject({
      before: 0.141,
      mayBeChance: false,
    });
  });

  test('is no epoch that one could choose: what is as good ends at the first', () => {
    const epochs = [epoch(0, 0.205, 0.2, 0.01), epoch(1, 0.204, 0.2, 0.01), epoch(2, 0.2, 0.2, 0)];
    const learned = whatWasLearned(epochs, [1, 2]);
    expect(learned).toMatchObject({ best: 2, range: { from: 1, to: 2 }, mayBeChance: true });
    expect(textOf(epochs, [1, 2])).toContain(
      'The gain over the base is within one standard error, too: it may be chance.',
    );
  });

  test('where nothing is below it, training is said not to have helped', () => {
    for (const least of [0.15, 0.141]) {
      const epochs = [epoch(0, 0.141, 0.14, 0), epoch(1, 0.16, 0.15, 0), epoch(2, least, 0.145, 0)];
      const learned = whatWasLearned(epochs, [1, 2]);
      expect(learned).toMatchObject({ best: 0, least: { epoch: 2, loss: least }, range: null });
      expect(textOf(epochs, [1, 2])).toBe(
        `Held-out loss was lowest before training (0.1410): by this measure training has not helped. The lowest since is ${least.toFixed(4)} at epoch 2.`,
      );
    }
  });
});

describe('the lowest epoch', () => {
  const epochs = [epoch(1, 0.3), epoch(2, 0.21), epoch(3, 0.2), epoch(5, 0.205), epoch(8, 0.26)];

  test('is the true one, whether or not it was kept, and the checkpoint that comes nearest is named', () => {
    expect(whatWasLearned(epochs, [1, 2, 5, 8])).toMatchObject({
      best: 3,
      nearestKept: { epoch: 5, loss: 0.205 },
    });
    expect(textOf(epochs, [1, 2, 5, 8])).toBe(
      'Held-out loss is lowest at epoch 3. Epoch 3 was not kept. Of the epochs kept, 5 has the lowest held-out loss (0.2050).',
    );
  });

  test('has nothing nearest where it was kept, or nothing was', () => {
    expect(whatWasLearned(epochs, [3, 5])?.nearestKept).toBeNull();
    expect(whatWasLearned(epochs, [])?.nearestKept).toBeNull();
  });

  test('of a training that has not helped has its nearest checkpoint, too', () => {
    expect(textOf([epoch(0, 0.1), ...epochs], [2])).toContain(
      'Of the epochs kept, 2 has the lowest held-out loss (0.2100).',
    );
  });
});

test('of the kept epochs that of the lowest held-out loss is told, where there are several to choose from', () => {
  const epochs = [epoch(0, 0.1), epoch(1, 0.3), epoch(2, 0.2), epoch(3, 0.15), epoch(5, 0.2), epoch(8, null)];
  // Neither what was before training nor what was not kept can be chosen.
  expect(lowestKept(epochs, [1, 2, 5, 8])).toEqual({ epoch: 2, loss: 0.2 });
  expect(lowestKept(epochs, [5, 8])).toBeNull();
  expect(lowestKept(epochs, [])).toBeNull();
  expect(lowestKeptText({ epoch: 2, loss: 0.2 })).toBe(
    'Of the epochs kept, 2 has the lowest held-out loss (0.2000).',
  );
});
