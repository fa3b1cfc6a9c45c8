import { describe, expect, test, vi } from 'vitest';

import { noticeRunEnds, runNotices, runsOf } from '../../electron/shell/run-notices.ts';
import type { EventMessage } from '../../electron/studio/events.ts';

const run = (id: number, status: string, epoch = 10) => ({
  ...{ id, status, epoch, epochs: 10, name: `run ${id}` },
  failure: status === 'failed' ? { message: 'The loss is not a number.' } : null,
});

describe('the system’s notice', () => {
  test('tells of runs that finished, ended early or failed, and of no other', () => {
    const before = new Map([
      ...[1, 2, 3, 4].map((id) => [id, 'training'] as const),
      ...[[5, 'finished'] as const, [6, 'stopping'] as const],
    ]);
    const runs = [
      ...[run(1, 'finished'), run(2, 'finished', 6), run(3, 'failed'), run(4, 'training')],
      ...[run(5, 'finished'), run(6, 'paused'), run(7, 'finished')],
    ];
    expect(runNotices(before, runs)).toEqual([
      { title: 'run 1', body: 'Finished, 10 epochs.' },
      { title: 'run 2', body: 'Stopped early, after epoch 6 of 10.' },
      { title: 'run 3', body: 'The loss is not a number.' },
    ]);
  });

  test('counts a single epoch as one', () => {
    const [notice] = runNotices(new Map([[1, 'training']]), [{ ...run(1, 'finished', 1), epochs: 1 }]);
    expect(notice?.body).toBe('Finished, 1 epoch.');
  });

  test('comes once, when nobody looks at the window', async () => {
    let [status, inSight] = ['training', false];
    let tell: (message: EventMessage) => void = () => undefined;
    const show = vi.fn();
    const runs = vi.fn(() => Promise.resolve([run(1, status)]));
    noticeRunEnds({
      subscribe: (listener) => {
        tell = listener;
        return () => undefined;
      },
      ...{ runs, show, isInSight: () => inSight },
    });
    const changed = async (next: string, subject = 'runs') => {
      status = next;
      const asked = runs.mock.calls.length;
      tell({ type: 'event', event: 'changed', payload: { subjects: [subject] } });
      if (subject === 'runs') await vi.waitUntil(() => runs.mock.calls.length > asked);
      await new Promise(setImmediate);
    };
    await vi.waitUntil(() => runs.mock.calls.length === 1);
    await changed('finished', 'models');
    expect(show).not.toHaveBeenCalled();
    await changed('finished');
    await changed('finished');
    expect(show.mock.calls).toEqual([[{ title: 'run 1', body: 'Finished, 10 epochs.' }]]);
    inSight = true;
    await changed('training');
    await changed('failed');
    expect(show).toHaveBeenCalledTimes(1);
  });

  test('asks the studio for its runs as a page does', async () => {
    const dispatch = vi.fn(() =>
      Promise.resolve({ type: 'result' as const, id: 0, output: [run(1, 'training')] }),
    );
    expect(await runsOf(dispatch)).toHaveLength(1);
    expect(dispatch).toHaveBeenCalledWith(expect.objectContaining({ method: 'runs.list', input: {} }));
    const failure = { code: 'library-closed', message: '', hint: '' };
    expect(await runsOf(() => Promise.resolve({ type: 'failed', id: 0, failure }))).toEqual([]);
  });
});
