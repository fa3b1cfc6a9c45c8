import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startEngine } from '../../electron/engine/engine-process.ts';
import type { JobEvent } from '../../native/jobs.ts';
import { failureOf } from '../runs/failure-of.ts';
import { fakeJob } from './fake-job.ts';

const entry = fileURLToPath(new URL('fake-engine.ts', import.meta.url));
const engine = startEngine({ entry });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'screenfold-engine-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the engine process', () => {
  test('sends every event in order, numbers that are not finite included, then the result', async () => {
    const events: JobEvent[] = [];
    const result = await engine.run(fakeJob('finish', '/pictures/a.png'), {
      onEvent: (event) => events.push(event),
    });
    expect(result).toEqual({ kind: 'generate', pictures: 1, seconds: 2 });
    expect(events.map((event) => event.type)).toEqual(['step', 'picture']);
    expect(events[0]).toMatchObject({ loss: NaN });
    expect(events[1]).toEqual({ type: 'picture', index: 0, output: '/pictures/a.png' });
  });

  test('hands on a failure with its code, message and hint', async () => {
    const failure = await failureOf(engine.run(fakeJob('fail')));
    expect(failure).toMatchObject({
      code: 'safetensors-truncated',
      message: 'a.safetensors is cut off.',
      hint: 'Download it again.',
    });
  });

  test('makes a failure of a broken invariant, with the stack as its cause', async () => {
    const failure = await failureOf(engine.run(fakeJob('throw')));
    expect(failure.code).toBe('engine-fault');
    expect(failure.message).toBe('The engine failed: x is not a function');
    expect(failure.cause).toMatch(/TypeError: x is not a function\n\s+at /);
  });

  test('makes a failure of an error nobody awaited', async () => {
    const failure = await failureOf(engine.run(fakeJob('throw elsewhere')));
    expect(failure).toMatchObject({
      code: 'engine-fault',
      message: 'The engine failed: offset is out of bounds',
    });
  });

  test('tells the exit code and the last lines of a process that went away', async () => {
    const log: string[] = [];
    const failure = await failureOf(engine.run(fakeJob('exit'), { onLog: (line) => log.push(line) }));
    expect(failure.code).toBe('engine-died');
    expect(failure.message).toContain('(exit code 3)');
    expect(failure.message).toContain('  [E:onnxruntime] Failed to allocate memory\n');
    expect(failure.message).toContain('  terminate called');
    expect(log).toContain('loading the model');
  });

  test('guesses at memory where the system killed it', async () => {
    const failure = await failureOf(engine.run(fakeJob('be killed')));
    expect(failure.code).toBe('engine-died');
    expect(failure.message).toBe('The system ended the engine (SIGKILL), as it does when memory runs out.');
    expect(failure.hint).toContain('close other programs');
  });

  test('says so where the engine cannot even be loaded', async () => {
    const missing = startEngine({ entry: join(folder, 'no-engine.ts') });
    const failure = await failureOf(missing.run(fakeJob('finish')));
    expect(failure.code).toBe('engine-died');
    expect(failure.message).toContain('no-engine.ts');
  });

  test('stops on request and still gives its result', async () => {
    const stop = new AbortController();
    const result = await engine.run(fakeJob('wait for stop', join(folder, 'asked')), {
      stop: stop.signal,
      onEvent: () => {
        stop.abort();
      },
    });
    expect(result.pictures).toBe(7);
  });

  test('stops when asked before it began', async () => {
    const result = await engine.run(fakeJob('wait for stop', join(folder, 'early')), {
      stop: AbortSignal.abort(),
    });
    expect(result.pictures).toBe(7);
  });

  test('is killed when it will not stop', async () => {
    const [stop, kill] = [new AbortController(), new AbortController()];
    const failure = await failureOf(
      engine.run(fakeJob('never stop'), {
        stop: stop.signal,
        kill: kill.signal,
        onEvent: () => {
          stop.abort();
          kill.abort();
        },
      }),
    );
    expect(failure.code).toBe('engine-killed');
  });

  test('whose asker cannot go on ends with what the asker threw, and nothing else does', async () => {
    const full = new Error('database or disk is full');
    const listener = () => {
      throw full;
    };
    await expect(engine.run(fakeJob('never stop'), { onEvent: listener })).rejects.toBe(full);
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    'told %s in its first moments stops, or ends as asked',
    async (signal) => {
      const real = startEngine();
      for (const wait of [0, 30, 60, 120, 250, 500]) {
        const running = real.run(
          { kind: 'info' },
          {
            onStart: (pid) => {
              setTimeout(() => {
                process.kill(pid, signal);
              }, wait);
            },
          },
        );
        const end = await running.then(
          () => 'done',
          (error: unknown) => (error as { readonly code?: string }).code,
        );
        expect(end).toMatch(/^(done|engine-killed)$/);
      }
    },
  );

  test('whose parent is killed stops at its next step', async () => {
    const output = join(folder, 'orphan');
    const script = fileURLToPath(new URL('orphan-parent.ts', import.meta.url));
    const parent = spawn(process.execPath, [script, entry, output]);
    await new Promise((resolve) => parent.stdout.once('data', resolve));
    expect(existsSync(output)).toBe(false);
    parent.kill('SIGKILL');
    while (!existsSync(output) || readFileSync(output, 'utf8') === '') await sleep(10);
    expect(readFileSync(output, 'utf8')).toBe('stopped');
  });
});
