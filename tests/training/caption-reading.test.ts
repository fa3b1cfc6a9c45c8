import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { CaptionReading } from '../../native/facts/caption-reading.ts';
import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import type { TrainingImage, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createPromptReader } from '../../native/sampling/prompt-reader.ts';
import { openBlobCache } from '../../native/training/blob-cache.ts';
import { encodeCaptions } from '../../native/training/encode-captions.ts';
import { withCaptionsRead } from '../../native/training/read-captions.ts';
import { jobFingerprint } from '../../native/training/run-state.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, failureOf, stepsOf, tinyJob, trainHere, writeTinyModel } from './tiny-model.ts';
import { writeTinyXlModel } from './tiny-xl-model.ts';

const folder = temporaryFolder();
const long = 'a red square on blue paper, beside one green circle and two yellow stripes';
let runtime: Runtime;
let images: TrainingImage[];
const models = new Map<'sd' | 'xl', OpenModel>();
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
  await writeTinyModel(join(folder.path, 'sd'));
  await writeTinyXlModel(join(folder.path, 'xl'));
  for (const name of ['sd', 'xl'] as const)
    models.set(name, await openModel({ base: join(folder.path, name) }));
  images = (await drawImages(join(folder.path, 'images'), 2)).map((image) => ({
    ...image,
    captions: [long],
  }));
});
afterAll(async () => {
  for (const model of models.values()) await model.close();
  await runtime.dispose();
});

/** The states that training reads of a caption, all over one cache. */
async function trained(family: 'sd' | 'xl', reading: CaptionReading): Promise<Float32Array> {
  const { conditioning, readWeight } = withCaptionsRead(models.get(family)!, reading);
  const options = {
    ...{ runtime, readWeight, modelHash: family, stop: new AbortController().signal },
    cache: openBlobCache(join(folder.path, 'cache'), 0),
    onProgress: () => undefined,
  };
  return (await (await encodeCaptions([long], conditioning, options))(long)).encoder_hidden_states!;
}

describe.each(['sd', 'xl'] as const)('captions of %s', (family) => {
  // Prompts are held to transformers' values in tests/sampling/prompts.test.ts.
  test.each([
    [1, 75],
    [2, 75],
    [1, 150],
    [2, 225],
  ] as const)('at clip skip %i and %i tokens are read as a prompt is', async (clipSkip, captionTokens) => {
    const found = await trained(family, { clipSkip, captionTokens });
    const reader = createPromptReader(runtime, models.get(family)!, 'float32');
    const { states } = await reader.states([long, 'BREAK BREAK and'], clipSkip);
    await reader.dispose();
    const row = states.encoder_hidden_states!.length / 2;
    expect(found.length).toBe((row / 3) * (captionTokens / 75));
    expect(maxDifference(found, states.encoder_hidden_states!.subarray(0, found.length))).toBeLessThan(1e-5);
  });

  test('are not taken from the cache of another clip skip', async () => {
    const [usual, skipped] = [await trained(family, {}), await trained(family, { clipSkip: 2 })];
    expect(maxDifference(usual, skipped)).toBeGreaterThan(0.01);
    expect(await trained(family, {})).toEqual(usual);
  });
});

describe('a run', () => {
  const settings = { epochs: 1, captionDropout: 0, clipSkip: 2, captionTokens: 150 } as const;
  const job = (
    name: string,
    textEncoder: boolean,
    changes: Partial<TrainingSettings> = settings,
  ): TrainJob => {
    const method = { kind: 'full', textEncoder } as const;
    return tinyJob(
      { folder: join(folder.path, name), base: join(folder.path, 'sd'), images, method },
      changes,
    );
  };

  test('has the same first loss by cached states as by an encoder in the graph', async () => {
    const first = async (one: TrainJob): Promise<number> => {
      return stepsOf((await trainHere(one)).events)[0]!.loss!;
    };
    const [cached, inGraph] = [await first(job('cached', false)), await first(job('in graph', true))];
    expect(inGraph).toBeCloseTo(cached, 5);
    expect(await first(job('short', false, { epochs: 1, captionDropout: 0 }))).not.toBeCloseTo(cached, 5);
  });

  test('is told from one that reads otherwise, and from before there was a choice is known again', () => {
    const plain = job('plain', false, { epochs: 1 });
    const { clipSkip: _skip, captionTokens: _tokens, ...before } = plain.settings;
    expect(jobFingerprint({ ...plain, settings: before })).toBe(jobFingerprint(plain));
    expect(jobFingerprint(job('plain', false, { epochs: 1, clipSkip: 2 }))).not.toBe(jobFingerprint(plain));
  });

  test('at a clip skip that leaves no layer is refused', async () => {
    const { code, hint } = await failureOf(trainHere(job('none', false, { epochs: 1, clipSkip: 3 })));
    expect([code, hint]).toEqual(['clip-skip-invalid', 'Choose 1 to 2.']);
  });
});
