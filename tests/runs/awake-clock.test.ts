import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createAwakeClock } from '../../electron/runs/awake-clock.ts';
import { createRunMeter } from '../../electron/runs/run-meter.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A clock over one that a test turns; `sleep` turns it without anybody being awake. */
function turned() {
  let at = 1000;
  const clock = createAwakeClock(() => at);
  return {
    clock,
    work: (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        at += 1000;
        vi.advanceTimersByTime(1000);
      }
    },
    sleep: (seconds: number) => {
      at += 1000 * seconds;
    },
  };
}

test('work is counted, and a night in which the machine slept is not', () => {
  const { clock, work, sleep } = turned();
  const began = clock.now();
  work(100);
  expect(clock.now() - began).toBe(100_000);
  sleep(8 * 3600);
  expect(clock.now() - began).toBeLessThanOrEqual(105_000);
  work(20);
  const seconds = (clock.now() - began) / 1000;
  expect(seconds).toBeGreaterThanOrEqual(120);
  expect(seconds).toBeLessThanOrEqual(125);
  // A process that had to wait for its turn has worked.
  sleep(20);
  expect((clock.now() - began) / 1000 - seconds).toBe(20);
  clock.close();
});

test('what a run costs does not follow the clock on the wall, whoever sets it', () => {
  vi.setSystemTime(new Date('2030-01-01'));
  const { clock, work } = turned();
  const meter = createRunMeter({
    ...{ runId: 1, epochs: 2, stepsPerEpoch: 4, imagesPerEpoch: 4, secondsPerImage: null },
    ...{ rate: { kind: 'hourly', pricePerHour: 3600 }, epoch: 0, step: 0, loss: null, secondsSpent: 0 },
    now: clock.now,
  });
  meter.begin();
  work(10);
  vi.setSystemTime(new Date('2001-01-01'));
  work(10);
  const { seconds, cost } = meter.progress('training');
  expect([seconds, cost]).toEqual([20, 20]);
  clock.close();
});
