import { expect, test } from 'vitest';

import { type BacklogWork, createBacklog } from '../../electron/engine/backlog.ts';
import { createDevice } from '../../electron/engine/device.ts';
import type { Engine } from '../../electron/engine/engine.ts';

/** A kind of work of its own, as captioning will be: it knows the device and the backlog, not runs nor pictures. */
function captioning(texts: string[], changes: Partial<BacklogWork<string>> = {}) {
  const done: string[] = [];
  const faults: unknown[] = [];
  const engine = { run: () => Promise.reject(new Error('not asked for')) } as Engine;
  const device = changes.device ?? createDevice(engine);
  const backlog = createBacklog<string>({
    device,
    place: () => 'in-pauses',
    takeUp: () => undefined,
    next: () => texts[0] ?? null,
    work: (text) => {
      texts.shift();
      done.push(text);
      return Promise.resolve();
    },
    onFault: (error) => faults.push(error),
    ...changes,
  });
  return { backlog, device, done, faults };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

test('what waits is done in a pause of what occupies the device', async () => {
  const texts = ['a fox', 'a cat'];
  const { backlog, device, done } = captioning(texts);
  const order: string[] = [];
  const training = device.occupy(async (_engine, giveWay) => {
    order.push(`trains, ${done.length} captions done`);
    backlog.wake();
    while (!giveWay.aborted) await soon();
  });
  await training;
  await device.occupy(() => {
    order.push(`goes on, ${done.length} captions done`);
    return Promise.resolve();
  });
  expect(order).toEqual(['trains, 0 captions done', 'goes on, 2 captions done']);
});

test('what has its place beside does not wait for a pause', async () => {
  const { backlog, device, done } = captioning(['a fox'], { place: () => 'beside' });
  await device.occupy(async (_engine, giveWay) => {
    backlog.wake();
    await soon();
    expect(done).toEqual(['a fox']);
    expect(giveWay.aborted).toBe(false);
  });
});

test('what comes while the last piece is done is done too', async () => {
  const texts = ['a fox'];
  const { backlog, done } = captioning(texts, {
    work: async (text) => {
      texts.shift();
      done.push(text);
      if (text !== 'a fox') return;
      await soon();
      texts.push('a cat');
      backlog.wake();
    },
  });
  backlog.wake();
  while (done.length < 2) await soon();
  expect(done).toEqual(['a fox', 'a cat']);
});

test('a fault is told, and the work is taken up again when it is woken', async () => {
  let broken = true;
  const texts = ['a fox'];
  const order: string[] = [];
  const { backlog, faults } = captioning(texts, {
    takeUp: () => order.push('takes up'),
    work: (text) => {
      if (broken) return Promise.reject(new Error('torn'));
      order.push(texts.shift() ?? text);
      return Promise.resolve();
    },
  });
  backlog.wake();
  await soon();
  expect(faults).toEqual([new Error('torn')]);
  broken = false;
  backlog.wake();
  await soon();
  expect(order).toEqual(['takes up', 'takes up', 'a fox']);
});

test('closed it ends what is under way and begins nothing more', async () => {
  const texts = ['a fox', 'a cat'];
  const { backlog, done } = captioning(texts, {
    work: async (text) => {
      await soon();
      texts.shift();
      done.push(text);
    },
  });
  backlog.wake();
  await Promise.resolve();
  await backlog.close();
  backlog.wake();
  await soon();
  expect(done).toEqual(['a fox']);
});
