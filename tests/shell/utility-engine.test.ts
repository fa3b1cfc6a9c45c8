import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { probeOnce } from '../../electron/shell/probes.ts';
import { type ForkUtility, startUtilityEngine } from '../../electron/shell/utility-engine.ts';
import { parentOverUtilityPort } from '../../native/engine/parent-utility-port.ts';
import type { JobEvent } from '../../native/jobs.ts';
import { probeInChild } from '../../native/runtime/probe-in-child.ts';
import { fakeJob } from '../engine/fake-job.ts';
import { failureOf } from '../runs/failure-of.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { forkAsElectron } from './fork-as-electron.ts';

const entry = fileURLToPath(new URL('../engine/fake-engine.ts', import.meta.url));

const engine = startUtilityEngine({
  fork: forkAsElectron,
  entry,
  environment: () => Promise.resolve({}),
});

describe('an engine in a process of Electron’s own kind', () => {
  test('sends every event in order, then the result, and ends', async () => {
    const events: JobEvent[] = [];
    const pids: number[] = [];
    const result = await engine.run(fakeJob('finish', '/pictures/a.png'), {
      onEvent: (event) => events.push(event),
      onStart: (pid) => pids.push(pid),
    });
    expect(result).toEqual({ kind: 'generate', pictures: 1, seconds: 2 });
    expect(events.map((event) => event.type)).toEqual(['step', 'picture']);
    expect(pids).toHaveLength(1);
  });

  test('hands on a failure', async () => {
    expect(await failureOf(engine.run(fakeJob('fail')))).toMatchObject({ code: 'safetensors-truncated' });
  });

  test('that goes away is told with its last words', async () => {
    const failure = await failureOf(engine.run(fakeJob('exit')));
    expect(failure.code).toBe('engine-died');
    expect(failure.message).toContain('exit code');
  });

  test('stops when asked to, keeping its result', async () => {
    const stop = new AbortController();
    const output = join(temporaryFolder(), 'stopped');
    const result = await engine.run(fakeJob('wait for stop', output), {
      stop: stop.signal,
      onEvent: () => {
        stop.abort();
      },
    });
    expect(result.pictures).toBe(7);
    expect(existsSync(output)).toBe(true);
  });

  test('is killed when it will not stop', async () => {
    const kill = new AbortController();
    const failure = await failureOf(
      engine.run(fakeJob('never stop'), {
        kill: kill.signal,
        onEvent: () => {
          kill.abort();
        },
      }),
    );
    expect(failure.code).toBe('engine-killed');
  });

  test('is killed even before it has begun', async () => {
    const failure = await failureOf(engine.run(fakeJob('never stop'), { kill: AbortSignal.abort() }));
    expect(failure.code).toBe('engine-killed');
  });
});

describe('its port', () => {
  test('holds the process until the end of the job has arrived', async () => {
    const events = new EventEmitter();
    const { port } = parentOverUtilityPort({
      on: (event, listener) => events.on(event, listener),
      postMessage: () => undefined,
    });
    let left = false;
    const leaving = port
      .send({ type: 'result', result: { kind: 'generate', pictures: 0, seconds: 0 } })
      .then(() => (left = true));
    await Promise.resolve();
    expect(left).toBe(false);
    events.emit('message', { data: { type: 'received' } });
    await leaving;
    expect(left).toBe(true);
  });

  test('does not wait for ever', async () => {
    const { port } = parentOverUtilityPort({ on: () => undefined, postMessage: () => undefined }, 1);
    await port.send({ type: 'result', result: { kind: 'generate', pictures: 0, seconds: 0 } });
  });
});

describe('drivers', () => {
  /** Processes that print a line, or just end. */
  function forkPrinting(lines: Readonly<Record<string, string>>): {
    readonly fork: ForkUtility;
    readonly asked: string[];
  } {
    const asked: string[] = [];
    const forkFake: ForkUtility = (_entry, [provider = '']) => {
      asked.push(provider);
      const events = new EventEmitter();
      const stdout = new PassThrough();
      setImmediate(() => {
        events.emit('exit', 139);
        stdout.end(lines[provider] ?? '');
      });
      return {
        pid: 1,
        stdout,
        stderr: null,
        on: (event: string, listener: (value: never) => void) =>
          events.on(event, listener as (value: unknown) => void),
        postMessage: () => undefined,
        kill: () => true,
      };
    };
    return { fork: forkFake, asked };
  }

  test('are tried once, in processes of their own, and each engine is told', async () => {
    const works = { works: true, detail: 'a card', software: false };
    const { fork: forkFake, asked } = forkPrinting({
      webgpu: `some driver's noise\n${JSON.stringify(works)}\n`,
    });
    const { environment } = probeOnce(forkFake, 'probe.js');
    const [first, second] = await Promise.all([environment(), environment()]);
    expect(first).toBe(second);
    expect([...asked].sort()).toEqual(['cuda', 'directml', 'webgpu']);
    const probes = JSON.parse(first.SCREENFOLD_PROBES!) as Record<string, unknown>;
    expect(probes.webgpu).toEqual(works);
    expect(probes.cuda).toMatchObject({
      works: false,
      detail: expect.stringContaining('ended the process') as string,
    });
  });

  test('are tried anew when the libraries by which they compute became others', async () => {
    const { fork: forkFake, asked } = forkPrinting({});
    let libraries = '';
    const { environment } = probeOnce(forkFake, 'probe.js', () => libraries);
    await environment();
    await environment();
    expect(asked.length).toBe(3);
    libraries = '/packs/1';
    await environment();
    await environment();
    expect(asked.length).toBe(6);
  });

  test('are tried anew once they are to be forgotten, as when one was installed meanwhile', async () => {
    const { fork: forkFake, asked } = forkPrinting({});
    const probes = probeOnce(forkFake, 'probe.js');
    const { forgetDrivers } = startUtilityEngine({ fork: forkFake, entry: 'engine.js', ...probes });
    await probes.environment();
    forgetDrivers!();
    expect(asked.length).toBe(3);
    await probes.environment();
    await probes.environment();
    expect(asked.length).toBe(6);
  });

  test('that were tried before are not tried again', async () => {
    const before = { works: false, detail: 'its driver ended the process', software: false };
    process.env.SCREENFOLD_PROBES = JSON.stringify({ cuda: before });
    try {
      expect(await probeInChild('cuda', '/nowhere')).toEqual(before);
    } finally {
      delete process.env.SCREENFOLD_PROBES;
    }
  });
});
