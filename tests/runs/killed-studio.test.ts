import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { servicesOver } from './library-of.ts';
import { pretendEngine } from './pretend-engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

const entry = fileURLToPath(new URL('studio-process.ts', import.meta.url));

/** Resolves when the studio has been killed without warning, in the middle of its work. */
function killedStudio(folder: string): Promise<NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => {
      setTimeout(() => child.kill('SIGKILL'), 37);
    });
    child.on('error', reject);
    child.on('close', (_, signal) => {
      resolve(signal);
    });
  });
}

test('a studio killed in the middle of a run loses nothing that was finished', async () => {
  const folder = temporaryFolder();
  expect(await killedStudio(folder)).toBe('SIGKILL');

  const { engine, history } = pretendEngine();
  const services = servicesOver(join(folder, 'library'), engine);
  const { database } = services.context.library;
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(database.pragma('foreign_key_check')).toEqual([]);
  await services.runs.recovered;
  const [second, first] = await services.runs.handlers['runs.list']({});
  expect(first).toMatchObject({ name: 'first', status: 'interrupted' });
  expect(first!.checkpoints.slice(0, 2)).toEqual([1, 2]);
  expect(first!.seconds).toBeGreaterThan(0);
  // What waited its turn takes it.
  expect(['queued', 'preparing', 'training']).toContain(second!.status);
  const { samples } = await services.gallery.handlers['gallery.comparison']({ runIds: [first!.id] });
  for (const epoch of [0, 1, 2]) {
    const sample = samples.find((entry) => entry.epoch === epoch);
    expect([epoch, sample?.status]).toEqual([epoch, 'ready']);
    expect(services.gallery.sampleFile(sample!.id)).toContain('samples');
  }

  await services.runs.handlers['runs.stop']({ runId: second!.id });
  await services.runs.handlers['runs.resume']({ runId: first!.id });
  await services.until('runs.progress', ({ runId, status }) => runId === first!.id && status === 'finished');
  const begun = Number(/^train 1: (\d+)-300$/m.exec(history.join('\n'))![1]);
  expect(begun).toBeGreaterThanOrEqual(10);
});
