import { expect, test } from 'vitest';

import { createRightOfWay } from '../../electron/engine/right-of-way.ts';

test('training gives way to pictures, and goes on when no more are wanted', async () => {
  const way = createRightOfWay();
  const order: string[] = [];
  const training = way.train(async (giveWay) => {
    order.push('training');
    while (!giveWay.aborted) await Promise.resolve();
    order.push('stopped');
  });
  const pictures = [1, 2].map((name) =>
    way.goFirst(() => {
      order.push(`pictures ${name}`);
      return Promise.resolve();
    }),
  );
  await training;
  await way.train(() => {
    order.push('training again');
    return Promise.resolve();
  });
  await Promise.all(pictures);
  expect(order).toEqual(['training', 'stopped', 'pictures 1', 'pictures 2', 'training again']);
});

test('who fails gives the way free', async () => {
  const way = createRightOfWay();
  await expect(way.train(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await expect(way.goFirst(() => Promise.reject(new Error('torn')))).rejects.toThrow('torn');
  expect(await way.train(() => Promise.resolve('on'))).toBe('on');
});
