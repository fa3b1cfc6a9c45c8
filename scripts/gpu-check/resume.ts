import { join } from 'node:path';

import type { Method } from '../../native/jobs.ts';
import { drawImages, hashTree, tinyJob, trainHere, writeTinyModel } from '../../tests/training/tiny-model.ts';
import type { Check } from './check.ts';

const methods: Readonly<Record<string, Method>> = {
  full: { kind: 'full', textEncoder: false },
  // Its embeddings' gradients are sums that must be taken in one order.
  'full with text encoder': { kind: 'full', textEncoder: true },
  lora: { kind: 'lora', textEncoder: true, rank: 2, alpha: 1 },
  vae: { kind: 'vae', kl: 1e-6 },
};

/** A training stopped halfway and resumed, as a person has it, ends with the bytes of one that was left alone. */
export const resume: Check = async ({ provider, folder, report, short }) => {
  const base = join(folder, 'base');
  await writeTinyModel(base);
  const images = await drawImages(join(folder, 'images'), 4);
  const same: Record<string, boolean> = {};
  for (const [name, method] of Object.entries(methods)) {
    if (short && name !== 'full with text encoder') continue;
    report({ at: name, same });
    const job = (run: string) =>
      tinyJob(
        { folder: join(folder, name, run), cacheFolder: join(folder, name, 'cache'), base, images },
        { emaDecay: 0.9, checkpointEpochs: [1, 2] },
      );
    const onDevice = (run: string) => ({ ...job(run), method, device: { provider } });
    await trainHere(onDevice('whole'));
    const stop = new AbortController();
    await trainHere(
      onDevice('stopped'),
      (event) => {
        if (event.type === 'step' && event.step === 2) stop.abort();
      },
      stop.signal,
    );
    await trainHere(onDevice('stopped'));
    same[name] = (await filesOf(onDevice('whole').folder)) === (await filesOf(onDevice('stopped').folder));
  }
  return { ok: Object.values(same).every(Boolean), same };
};

/** All of a run that does not tell the time. */
async function filesOf(run: string): Promise<string> {
  const { 'metrics.jsonl': _, ...files } = await hashTree(run);
  return JSON.stringify(files);
}
