import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startEngine } from '../../electron/engine/engine-process.ts';
import { exportModel } from '../../native/export.ts';
import { type EmbeddingFileNames, embeddingFileNames } from '../../native/facts/model-formats.ts';
import { openModel } from '../../native/families/open-model.ts';
import { info } from '../../native/info.ts';
import type { ModelReference, TrainJob } from '../../native/jobs.ts';
import { tokenTableKey } from '../../native/models/clip-text.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createTextToImage, type SamplingSettings, toRgb } from '../../native/sampling/text-to-image.ts';
import { modelToTrain } from '../../native/training/model-to-train.ts';
import { chooseRecipe } from '../../native/training/train.ts';
import { readEmbedding } from '../../native/weights/embedding-file.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { maxDifference, relativeDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { failureOf, hashTree, stepsOf, trainHere } from './tiny-model.ts';
import { comparedWordSteps, taughtWord, type WordFamily, wordJob, wordMethod } from './word-job.ts';

interface FamilyCase {
  readonly losses: readonly number[];
  /** By component. */
  readonly vectors: Readonly<Record<string, string>>;
  readonly pictures: Readonly<Record<string, string>>;
}

/** diffusers, transformers and PyTorch in the versions it names; made by tests/reference/textual_inversion.py. */
const reference = JSON.parse(
  readFileSync(new URL('../reference/fixtures/textual-inversion.json', import.meta.url), 'utf8'),
) as {
  readonly recipe: SamplingSettings & {
    readonly prompt: string;
    readonly negativePrompt: string;
    readonly seed: number;
  };
} & Readonly<Record<WordFamily, FamilyCase>>;

const folder = temporaryFolder();
const context = { emit: () => undefined, stop: new AbortController().signal };
const families = ['sd', 'xl'] as const;
const trained = new Map<WordFamily, { job: TrainJob; losses: (number | null)[]; before: object }>();
let runtime: Runtime;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
  for (const family of families) {
    const job = await wordJob(folder.path, family);
    const before = await hashTree(job.base);
    const { events } = await trainHere(job);
    trained.set(family, { job, losses: stepsOf(events).map(({ loss }) => loss), before });
  }
});
afterAll(() => runtime.dispose());

const checkpointOf = (job: TrainJob, epoch: number): string =>
  join(job.folder, 'checkpoints', `epoch-000${epoch}`);

async function vectorsOf(job: TrainJob, epoch: number): Promise<ReadonlyMap<string, Float32Array>> {
  const { wordEncoders, close } = await openModel({ base: job.base });
  const file = join(checkpointOf(job, epoch), 'embedding.safetensors');
  const { word, count, vectors } = await readEmbedding(file, undefined, wordEncoders);
  await close();
  expect([word, count]).toEqual([taughtWord, 3]);
  return vectors;
}

async function draw(reference_: ModelReference, prompt = reference.recipe.prompt) {
  const { recipe } = reference;
  const model = await openModel(reference_);
  const pipeline = createTextToImage(runtime, model);
  const [picture] = await pipeline.generate([{ ...recipe, prompt }], recipe);
  await pipeline.dispose();
  await model.close();
  return toRgb(picture!);
}

async function exportWord(job: TrainJob, embeddingNames: EmbeddingFileNames, name: string) {
  const output = join(folder.path, name);
  const model = { base: job.base, checkpoint: checkpointOf(job, 7) };
  await exportModel(
    {
      kind: 'export',
      format: 'embedding',
      embeddingNames,
      model,
      output,
      precision: 'float32',
      metadata: {},
    },
    context,
  );
  return output;
}

describe.each(families)('a new word of %s', (family) => {
  test('is learned with PyTorch’s losses, to PyTorch’s vectors', async () => {
    const { job, losses } = trained.get(family)!;
    const expected = reference[family];
    expect(expected.losses).toHaveLength(comparedWordSteps);
    // 1e-4 relative: what float32 rounding leaves of twenty steps computed in float64.
    expected.losses.forEach((loss, i) => {
      expect(Math.abs(losses[i]! / loss - 1), `step ${i + 1}`).toBeLessThanOrEqual(1e-4);
    });
    // Those after the twentieth step are in no checkpoint, so the run is planned to end there.
    const short = { ...job, folder: join(folder.path, family, 'short') };
    const stop = new AbortController();
    await trainHere(
      short,
      (event) => {
        if (event.type === 'step' && event.step === comparedWordSteps) stop.abort();
      },
      stop.signal,
    );
    const state = await openSafetensors(join(short.folder, 'state', 'step-00000020', 'tensors.safetensors'));
    for (const [component, base64] of Object.entries(expected.vectors)) {
      const own = await state.readAs(`parameter/${component}.new_words.weight`, 'float32');
      const theirs = new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
      expect(relativeDifference(own, theirs), component).toBeLessThanOrEqual(1e-4);
      // Twenty steps at 5e-3 have moved it much further than that.
      const first = (await vectorsOf(job, 1)).get(component)!;
      expect(relativeDifference(first, theirs), component).toBeGreaterThan(0.05);
    }
    await state.close();
  });

  test('leaves every byte of the model as it was, and every picture that does not say it', async () => {
    const { job, before } = trained.get(family)!;
    expect(await hashTree(job.base)).toEqual(before);
    const checkpoint = checkpointOf(job, 7);
    expect(Object.keys(await hashTree(checkpoint))).toEqual(['checkpoint.json', 'embedding.safetensors']);
    const { recipe } = reference;
    const own = await draw({ base: job.base }, 'a red square on blue');
    expect(maxDifference(await draw({ base: job.base, checkpoint }, 'a red square on blue'), own)).toBe(0);
    expect(
      maxDifference(await draw({ base: job.base, checkpoint }), await draw({ base: job.base })),
    ).toBeGreaterThan(2);
    expect(recipe.prompt).toContain(taughtWord);
  });

  test('draws the same once it is exported, and what diffusers draws with that file', async () => {
    const { job } = trained.get(family)!;
    const own = await draw({ base: job.base, checkpoint: checkpointOf(job, 7) });
    for (const names of embeddingFileNames) {
      const file = await exportWord(job, names, `${family} ${names}.safetensors`);
      const drawn = await draw({ base: job.base, embeddings: [{ file }] });
      expect(maxDifference(drawn, own)).toBe(0);
      const theirs = reference[family].pictures[names] ?? reference[family].pictures.a1111!;
      // 2 of 255: float32 sums in another order over a few steps, and a rounding to bytes.
      expect(maxDifference(drawn, Buffer.from(theirs, 'base64'))).toBeLessThanOrEqual(2);
    }
  });

  test('that is stopped and killed in between ends with the same bytes', async () => {
    const { job } = trained.get(family)!;
    const again = { ...job, folder: join(folder.path, family, 'again') };
    const stop = new AbortController();
    await trainHere(
      again,
      (event) => {
        if (event.type === 'step' && event.step === 4) stop.abort();
      },
      stop.signal,
    );
    // What is killed is the same for both; once is enough.
    if (family === 'sd') {
      const kill = new AbortController();
      const killed = startEngine().run(again, {
        kill: kill.signal,
        onEvent: (event) => {
          if (event.type === 'step' && event.step === 8) kill.abort();
        },
      });
      expect((await failureOf(killed)).code).toBe('engine-killed');
    }
    await trainHere(again);
    const files = async (run: string) => {
      const { 'metrics.jsonl': _log, 'engine.lock': _lock, ...others } = await hashTree(run);
      return others;
    };
    expect(await files(again.folder)).toEqual(await files(job.folder));
  });
});

describe('a new word', () => {
  test('begins as the words it is given, in turn, or as their means where there are fewer vectors', async () => {
    const { job } = trained.get('sd')!;
    const first = async (initWords: string, vectors: number) => {
      const own = { ...job, method: { ...wordMethod, initWords, vectors } };
      const model = await openModel(modelToTrain(own));
      const task = await chooseRecipe({ job: own, model, runtime, context }).start();
      const [parameter, ...others] = task.trainer.trainable;
      expect(others).toEqual([]);
      const values = await task.trainer.readState(
        'parameter',
        parameter!.name,
        new Float32Array(vectors * 16),
      );
      const [encoder] = model.wordEncoders;
      const table = await model.readWeight({
        ...{ component: 'text_encoder', key: tokenTableKey },
        shape: [encoder!.vocabularySize, 16],
      });
      const rowOf = (id: number) => [...table.slice(id * 16, (id + 1) * 16)];
      await task.dispose();
      await model.close();
      return { values: [...values], rows: encoder!.ids(initWords).map(rowOf) };
    };
    const cycled = await first('green circle', 3);
    const [green, circle] = cycled.rows;
    expect(cycled.rows).toHaveLength(2);
    expect(cycled.values).toEqual([...green!, ...circle!, ...green!]);
    const mean = await first('green circle', 1);
    expect(mean.values).toEqual(green!.map((x, k) => Math.fround((x + circle![k]!) / 2)));
    const drawn = await first('', 2);
    expect(Math.max(...drawn.values.map(Math.abs))).toBeLessThan(0.1);
    expect(new Set(drawn.values).size).toBeGreaterThan(30);
  });

  test('that the model knows already is refused', async () => {
    const { job } = trained.get('sd')!;
    const known = { ...job, folder: join(folder.path, 'known'), method: { ...wordMethod, word: 'circle' } };
    const { code, message } = await failureOf(trainHere(known));
    expect([code, message]).toEqual(['word-known', '“circle” is a word that this model knows already.']);
  });

  test('is what a checkpoint is known by, and all that can be exported of it', async () => {
    const { job } = trained.get('sd')!;
    const { model } = await info({ kind: 'info', path: checkpointOf(job, 7) }, context);
    expect(model).toMatchObject({ embedding: { word: taughtWord, vectors: 3, widths: [16] } });
    const output = join(folder.path, 'none.safetensors');
    const none = exportModel(
      {
        kind: 'export',
        format: 'embedding',
        model: { base: job.base },
        output,
        precision: 'float32',
        metadata: {},
      },
      context,
    );
    expect((await failureOf(none)).code).toBe('not-an-embedding');
  });
});
