import { EventEmitter } from 'node:events';

import { describe, expect, test } from 'vitest';

import { withInterrupts } from '../../electron/cli/interrupts.ts';

describe('an interruption', () => {
  test('stops the first time and kills the second', async () => {
    const source = new EventEmitter();
    let told = 0;
    await withInterrupts(
      () => {
        told += 1;
      },
      ({ stop, kill }) => {
        source.emit('SIGINT');
        expect([stop.aborted, kill.aborted, told]).toEqual([true, false, 1]);
        source.emit('SIGTERM');
        expect([stop.aborted, kill.aborted, told]).toEqual([true, true, 1]);
        return Promise.resolve();
      },
      source,
    );
  });

  test('means nothing special any more when the job has ended, well or badly', async () => {
    const source = new EventEmitter();
    await withInterrupts(
      () => undefined,
      () => Promise.resolve(),
      source,
    );
    await expect(
      withInterrupts(
        () => undefined,
        () => Promise.reject(new Error('failed')),
        source,
      ),
    ).rejects.toThrow('failed');
    expect(source.eventNames()).toEqual([]);
  });
});
