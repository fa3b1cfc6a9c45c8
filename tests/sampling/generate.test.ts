import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { makeFolder } from '../../native/files/atomic-file.ts';
import { parseParameters } from '../../native/images/generation-parameters.ts';
import { readPngText } from '../../native/images/png.ts';
import type { JobContext, JobEvent, Picture } from '../../native/jobs.ts';
import { generate } from '../../native/sampling/generate.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { failureOf, tinyLora, tinyLoraLayout, writeTinyModel } from '../training/tiny-model.ts';

const folder = temporaryFolder();
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'base'));
  await makeFolder(join(folder.path, 'lora'));
  await writeKohyaLora(
    join(folder.path, 'lora', 'lora.safetensors'),
    tinyLora(),
    tinyLoraLayout,
    'float32',
    {},
  );
});

function picture(name: string, changes: Partial<Picture> = {}): Picture {
  return {
    model: { base: join(folder.path, 'base') },
    prompt: 'a red square',
    negativePrompt: 'two dots',
    seed: 5,
    sampler: 'euler-ancestral',
    steps: 3,
    guidanceScale: 4,
    width: 32,
    height: 24,
    output: join(folder.path, name),
    ...changes,
  };
}

/** Makes the pictures and collects what is said; `onEvent` may abort `stop`. */
async function make(
  pictures: readonly Picture[],
  batchSize = 2,
  onEvent: (event: JobEvent) => void = () => undefined,
  stop = new AbortController().signal,
) {
  const events: JobEvent[] = [];
  const context: JobContext = {
    emit: (event) => {
      events.push(event);
      onEvent(event);
    },
    stop,
  };
  const job = { kind: 'generate', pictures, batchSize, device: { provider: 'cpu' } } as const;
  return { result: await generate(job, context), events };
}

const pixels = (file: string): Promise<Buffer> => sharp(join(folder.path, file)).raw().toBuffer();

describe('pictures', () => {
  test('are PNG files of the size asked for that carry their recipe', async () => {
    const asked = picture(join('new', 'folder', 'one.png'));
    const { result } = await make([asked]);
    expect(result).toMatchObject({ kind: 'generate', pictures: 1 });
    expect(await sharp(asked.output).metadata()).toMatchObject({ format: 'png', width: 32, height: 24 });
    const { parameters } = await readPngText(asked.output);
    expect(parseParameters(parameters!)).toMatchObject({
      prompt: 'a red square',
      negativePrompt: 'two dots',
      seed: 5,
      steps: 3,
    });
    expect(parameters).toContain('Model: base');
  });

  test('of several models, sizes and samplers are all made, each told by its place in the job', async () => {
    const lora = { base: join(folder.path, 'base'), checkpoint: join(folder.path, 'lora') };
    const pictures = [
      picture('a.png'),
      picture('b.png', { model: lora }),
      picture('c.png', { seed: 6 }),
      picture('d.png', { width: 24, sampler: 'ddim', steps: 2 }),
      picture('e.png', { seed: 7 }),
      picture('f.png', { model: { ...lora, loraScale: 0 } }),
    ];
    const { result, events } = await make(pictures);
    expect(result).toMatchObject({ pictures: 6 });
    const told = events.filter((event) => event.type === 'picture');
    expect(told.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { index, output } of told) expect(output).toBe(pictures[index]!.output);

    const progress = events.filter((event) => event.type === 'progress');
    const [done, total] = [progress.map((event) => event.done), 5 * 3 + 2];
    expect(done).toEqual(done.toSorted((x, y) => x - y));
    expect(done.at(-1)).toBe(total);
    expect(new Set(progress.map((event) => event.total))).toEqual(new Set([total]));

    expect(await pixels('f.png')).toEqual(await pixels('a.png'));
    for (const other of ['b.png', 'c.png', 'e.png'])
      expect(await pixels(other)).not.toEqual(await pixels('a.png'));
  });

  test('are the same whatever they are made with, say their clip skip, and depend on weights and on it', async () => {
    const long = `a green dot, ${'two red squares and '.repeat(4)}a blue line`;
    await make([picture('alone.png')], 1);
    await make(
      [
        picture('plain.png'),
        picture('long.png', { prompt: long }),
        picture('weighted.png', { prompt: 'a (red:1.8) square' }),
        picture('skipped.png', { clipSkip: 2 }),
      ],
      4,
    );
    expect(await pixels('plain.png')).toEqual(await pixels('alone.png'));
    for (const other of ['weighted.png', 'skipped.png'])
      expect(await pixels(other), other).not.toEqual(await pixels('plain.png'));
    const said = async (name: string) => (await readPngText(join(folder.path, name))).parameters;
    expect(await said('skipped.png')).toContain('Model: base, Clip skip: 2');
    expect(parseParameters((await said('skipped.png'))!)).toMatchObject({ clipSkip: 2 });
    expect(await said('plain.png')).not.toContain('Clip skip');
  });

  test('are whole or not there when a stop is asked for in the middle of one', async () => {
    const stop = new AbortController();
    const pictures = ['1', '2', '3'].map((name) => picture(join('stopped', `${name}.png`)));
    const { result } = await make(
      pictures,
      1,
      (event) => {
        // The second of the second picture's three steps.
        if (event.type === 'progress' && event.done === 5) stop.abort();
      },
      stop.signal,
    );
    expect(result).toMatchObject({ pictures: 1 });
    expect(await readdir(join(folder.path, 'stopped'))).toEqual(['1.png']);
  });

  test('are not begun where a stop was asked for before', async () => {
    const { result } = await make([picture('never.png')], 1, undefined, AbortSignal.abort());
    expect(result).toMatchObject({ pictures: 0 });
    await expect(readFile(join(folder.path, 'never.png'))).rejects.toThrow('ENOENT');
  });

  test('are not made of a checkpoint that is none, nor written where nothing can be', async () => {
    const model = { base: join(folder.path, 'base'), checkpoint: folder.path };
    const failure = await failureOf(make([picture('x.png', { model })]));
    expect([failure.code, failure.message]).toEqual([
      'checkpoint-missing',
      expect.stringContaining(folder.path),
    ]);
    const below = picture(join('base', 'model_index.json', 'x.png'));
    expect((await failureOf(make([below]))).code).toBe('write-failed');
  });
});
