import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import { resolveRunSpec } from '../../electron/runs/read-run-spec.ts';
import { checkpointFolder, type Run } from '../../electron/runs/run-folder.ts';

/** A run as planned, of two images and one held out. */
export function exampleRun(folder: string, spec: object = {}): Run {
  const resolved = resolveRunSpec(
    validateRunSpec({ base: 'base', data: { folder: 'photos' }, folder, ...spec }, 'run.json'),
    dirname(folder),
    'foxes',
  );
  const { train, method } = resolved;
  const image = (id: string, caption: string) => ({
    id,
    path: join(resolved.data.folder, id),
    captions: [caption],
    width: 64,
    height: 64,
  });
  return {
    folder,
    spec: { ...resolved, resolution: 64 },
    job: {
      kind: 'train',
      folder,
      cacheFolder: join(dirname(folder), 'cache'),
      base: resolved.base,
      method: method.kind === 'lora' ? { ...method, alpha: method.alpha ?? method.rank } : method,
      settings: {
        ...train,
        learningRate: train.learningRate ?? 1e-4,
        checkpointEpochs: [1, train.epochs],
        schedule: { kind: train.schedule, warmupSteps: train.warmupSteps },
      },
      images: [image('a.png', 'a red fox, animal'), image('b.png', 'a blue fox, animal')],
      validation: [image('c.png', 'a green fox')],
      device: {},
    },
  };
}

/** Writes a file as the engine would leave a checkpoint's weights. */
export function writeWeights(folder: string, content = 'weights'): void {
  mkdirSync(join(folder, 'unet'), { recursive: true });
  writeFileSync(join(folder, 'unet', 'diffusion_pytorch_model.safetensors'), content);
}

export function writeCheckpoint(run: Run, epoch: number): void {
  writeWeights(checkpointFolder(run.folder, epoch), `weights of epoch ${epoch}`);
}
