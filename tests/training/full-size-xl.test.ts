import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { readXlUNetConfig } from '../../native/families/stable-diffusion-xl/configs.ts';
import { xlConditioning, xlDenoiser } from '../../native/families/stable-diffusion-xl/parts.ts';
import { readClipTextConfig, readProjectedClipTextConfig } from '../../native/models/clip-text.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createStageSessions } from '../../native/stages/run.ts';
import { stageModel } from '../../native/stages/stage-model.ts';
import { buildArtifacts, totalElements } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { readFullSize } from '../reference/fixture.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

/** Seconds that this process has computed: on a machine that does something else besides, the clock says nothing. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

describe('Stable Diffusion XL at full size, 1024 x 1024 pixels', () => {
  test.each(['full', 'lora'] as const)(
    'has its training graph built and opened in less than 10 s: %s',
    { timeout: 300_000 },
    async (method) => {
      const unet = readXlUNetConfig((await readFullSize('sdxl-unet')).config, 'unet/config.json');
      const tokenizer = { ids: () => [], framed: () => [], maxLength: 77 };
      const conditioning = xlConditioning({
        text: readClipTextConfig((await readFullSize('sd1-text-encoder')).config),
        projected: readProjectedClipTextConfig((await readFullSize('sdxl-text-encoder-2')).config),
        tokenizers: [tokenizer, tokenizer],
        zerosWithoutText: true,
      });
      const begun = processorSeconds();
      const graph = buildDiffusionGraph({
        denoiser: xlDenoiser(unet),
        conditioning,
        noise: { predictionType: 'epsilon' },
        encodes: false,
        trained: method === 'full' ? 'full' : { rank: 16, scale: 1, takes: takesAdapter },
        shape: { rows: 1, size: { height: 128, width: 128 } },
        matrixConv: runtime.prefersMatrixConv,
      });
      const artifacts = buildArtifacts(graph, { tensorsAreArrays: true, recompute: true });
      const { forward, loss, backward } = artifacts.differentiated.staged!;
      const sessions = createStageSessions(runtime);
      // Every module, forward and backward; those that are alike share a session.
      for (const stage of new Set([...forward, loss, ...backward]))
        await sessions.open(stageModel(artifacts.differentiated.graph, stage).model);
      expect(processorSeconds() - begun).toBeLessThan(10);
      await sessions.dispose();
      const weights = method === 'full' ? artifacts.trainable : artifacts.frozen;
      expect(totalElements(weights)).toBe(2_567_463_684);
    },
  );
});
