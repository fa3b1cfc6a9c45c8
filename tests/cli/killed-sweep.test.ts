import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { uniform } from '../../native/random/philox.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, hashTree, plainUNet, readMetrics, writeTinyModel } from '../training/tiny-model.ts';

const program = fileURLToPath(new URL('../../electron/cli/screenfold.mjs', import.meta.url));
const folder = temporaryFolder();

const epochs = 8;
const rates = ['1e-3', '2e-3', '4e-3'] as const;
const wanted = ['train', 'glyphs.json', '--sweep', `train.learningRate=${rates.join()}`];

/** A folder with a model, images of which two are held out, and a run file over both. */
async function world(name: string): Promise<string> {
  const here = join(folder.path, name);
  await mkdir(here);
  await writeTinyModel(join(here, 'base'), { unet: plainUNet });
  const images = await drawImages(join(here, 'drawn'), 7);
  await mkdir(join(here, 'images'));
  for (const [at, { path }] of images.entries()) await cp(path, join(here, 'images', `${at}.png`));
  await writeFile(
    join(here, 'glyphs.json'),
    JSON.stringify({
      base: 'base',
      data: { folder: 'images', captions: { kind: 'fixed', text: 'a red square' }, validation: 2 },
      method: { kind: 'lora', rank: 2, textEncoder: true },
      train: { epochs, batchSize: 2, checkpoints: [1, 3, 8], stateEveryMinutes: 1e-5 },
      device: { provider: 'cpu' },
    }),
  );
  return here;
}

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly told: string;
}

/** The command in a process of its own, killed some time after it has said `lines` lines that match. */
function command(here: string, kill?: { readonly after: RegExp; readonly delay: number }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...wanted], {
      cwd: here,
      env: { ...process.env, SCREENFOLD_CACHE: join(here, 'cache') },
    });
    let told = '';
    let isKilled = false;
    const hear = (text: string): void => {
      told += text;
      if (kill === undefined || isKilled || !kill.after.test(told)) return;
      isKilled = true;
      setTimeout(() => child.kill('SIGKILL'), kill.delay);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('close', (code, signal) => {
      resolve({ code, signal, told });
    });
  });
}

test('several runs, killed ten times with the program that trains them, end with the bytes of undisturbed ones', async () => {
  // Any seed will do; that of a failure is in its message, and comes back by the environment.
  const seed = Number(process.env.SCREENFOLD_KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const [whole, killed] = [await world('whole'), await world('killed')];
  const undisturbed = await command(whole);
  expect([undisturbed.code, undisturbed.told]).toEqual([
    0,
    expect.stringContaining('All 3 runs have finished'),
  ]);

  const story = [`SCREENFOLD_KILL_SEED=${seed}`];
  for (let attempt = 0; attempt < 10; attempt++) {
    const random = (index: number): number => uniform(seed, 'order', attempt, index);
    // At once, while a run is prepared, or after one or two epochs more.
    const more = attempt < 2 ? 0 : 1 + Math.floor(2 * random(0));
    const after = more === 0 ? /Run \d of 3/ : new RegExp(`(?:Epoch [^]*?){${more}}`);
    const delay = random(1) * (more === 0 ? 1500 : 60);
    const { code, signal, told } = await command(killed, { after, delay });
    story.push(`${more} epochs + ${delay.toFixed(0)} ms: ${signal ?? `${code}\n${told}`}`);
    expect(signal, story.join('\n')).toBe('SIGKILL');
  }
  const last = await command(killed);
  expect(last.code, `${story.join('\n')}\n${last.told}`).toBe(0);
  expect(last.told).toContain('All 3 runs have finished');

  const runs = await readdir(join(whole, 'runs'));
  expect(runs).toHaveLength(rates.length);
  for (const run of runs) {
    const [expected, got] = [join(whole, 'runs', run), join(killed, 'runs', run)];
    for (const part of ['checkpoints', 'state', 'artifacts'])
      expect(await hashTree(join(got, part)), story.join('\n')).toEqual(await hashTree(join(expected, part)));
    const metrics = await readMetrics(got);
    expect(metrics, story.join('\n')).toEqual(await readMetrics(expected));
    const judged = metrics.filter(({ type }) => type === 'epoch').map(({ epoch }) => epoch);
    expect(judged).toEqual(Array.from({ length: epochs + 1 }, (_, at) => at));
  }
}, 600_000);
