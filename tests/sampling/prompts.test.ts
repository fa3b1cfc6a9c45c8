import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createPromptReader } from '../../native/sampling/prompt-reader.ts';
import { createTextToImage, type SamplingSettings, toRgb } from '../../native/sampling/text-to-image.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeXlModels } from '../reference/sdxl-models.ts';
import { writeTextToImageModels } from '../reference/text-to-image-models.ts';
import { failureOf } from '../training/tiny-model.ts';

interface Case {
  readonly name: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly clipSkip: number;
  readonly chunks: number;
  readonly states: string;
  readonly pooled?: string;
  readonly rgb: string;
}
interface FamilyCases {
  readonly models: string;
  readonly cases: readonly Case[];
}

/** diffusers, transformers and PyTorch in the versions it names; made by tests/reference/prompts.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../reference/fixtures/prompts.json', import.meta.url), 'utf8'),
) as {
  readonly recipe: SamplingSettings & { readonly seed: number };
  readonly sd: FamilyCases;
  readonly xl: FamilyCases;
};

const folder = temporaryFolder();
let runtime: Runtime;
const written = { sd: '', xl: '' };
const models = new Map<'sd' | 'xl', OpenModel>();
beforeAll(async () => {
  written.sd = await writeTextToImageModels(folder.path);
  models.set('sd', await openModel({ base: join(folder.path, 'epsilon') }));
  written.xl = await writeXlModels(folder.path);
  models.set('xl', await openModel({ base: join(folder.path, 'xl') }));
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(async () => {
  for (const model of models.values()) await model.close();
  await runtime.dispose();
});

const floats = (base64: string): Float32Array => {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(new Uint8Array(bytes).buffer);
};

describe.each(['sd', 'xl'] as const)('prompts of %s', (family) => {
  const { models: hash, cases } = fixture[family];
  const named = cases.map((one) => [one.name, one] as const);

  test('are read by the very files the reference values were made with', () => {
    expect(written[family]).toBe(hash);
  });

  // 1e-4: float32 sums in another order.
  test.each(named)('come to transformers’ states within 1e-4: %s', async (_, one) => {
    const reader = createPromptReader(runtime, models.get(family)!, 'float32');
    const { states, chunks } = await reader.states([one.prompt, one.negativePrompt], one.clipSkip);
    await reader.dispose();
    expect(chunks).toBe(one.chunks);
    const expected = floats(one.states);
    const found = states.encoder_hidden_states!.subarray(0, expected.length);
    expect(maxDifference(found, expected)).toBeLessThan(1e-4);
    if (one.pooled === undefined) return;
    const pooled = floats(one.pooled);
    expect(maxDifference(states.text_embeds!.subarray(0, pooled.length), pooled)).toBeLessThan(1e-4);
  });

  // 2 of 255: float32 sums in another order over a few steps, and a rounding to bytes.
  test.each(named)('are drawn as diffusers draws them, within 2/255: %s', async (_, one) => {
    const pipeline = createTextToImage(runtime, models.get(family)!);
    const request = { ...one, seed: fixture.recipe.seed };
    const [picture] = await pipeline.generate([request], { ...fixture.recipe, clipSkip: one.clipSkip });
    await pipeline.dispose();
    expect(maxDifference(toRgb(picture!), Buffer.from(one.rgb, 'base64'))).toBeLessThanOrEqual(2);
  });

  test('at a clip skip that leaves no layer are refused', async () => {
    const reader = createPromptReader(runtime, models.get(family)!, 'float32');
    const failure = await failureOf(reader.states(['a red square'], 3));
    expect([failure.code, failure.hint]).toEqual(['clip-skip-invalid', 'Choose 1 to 2.']);
    await reader.dispose();
  });

  test('without weights are read to the very bytes they were before there were weights', () => {
    const { conditioning } = models.get(family)!;
    const [chunk] = conditioning.readPrompt('a red square: blue');
    expect(chunk).toEqual({ tokens: conditioning.tokenize('a red square: blue'), weights: null });
    expect(conditioning.readPrompt(null)[0]).toEqual({ tokens: conditioning.tokenize(null), weights: null });
  });
});
