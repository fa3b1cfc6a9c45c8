import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { exportModel } from '../../native/export.ts';
import { usualLoss, usualNoise } from '../../native/facts/losses.ts';
import { openModel } from '../../native/families/open-model.ts';
import type { ExportJob, JobContext, TrainingImage, TrainJob } from '../../native/jobs.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, failureOf, plainUNet, tinyJob, trainHere, writeTinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
const quiet: JobContext = { emit: () => undefined, stop: new AbortController().signal };
let images: TrainingImage[];
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'noise'), { unet: plainUNet });
  await writeTinyModel(join(folder.path, 'velocity'), {
    unet: plainUNet,
    scheduler: { prediction_type: 'v_prediction' },
  });
  images = await drawImages(join(folder.path, 'images'), 4);
});

function job(name: string, base: string, parts: Partial<TrainJob> = {}, changes: object = {}): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      cacheFolder: join(folder.path, 'cache'),
      base: join(folder.path, base),
      images,
      ...parts,
    },
    {
      epochs: 1,
      checkpointEpochs: [1],
      noise: { ...usualNoise, zeroTerminalSnr: true },
      ...changes,
    },
  );
}
const checkpointOf = ({ folder: run }: TrainJob) => join(run, 'checkpoints', 'epoch-0001');

describe('a run with a zero terminal SNR', () => {
  test.each([
    { kind: 'full', textEncoder: false },
    { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 },
  ] as const)('is drawn from and exported with its schedule: $kind', async (method) => {
    const trained = job(`schedule ${method.kind}`, 'velocity', { method });
    await trainHere(trained);
    const reference = { base: trained.base, checkpoint: checkpointOf(trained) };
    const model = await openModel(reference);
    expect(model.noise.snr(999)).toBe(0);
    expect(model.noise.scheduler).toMatchObject({ zeroTerminalSnr: true, timestepSpacing: 'trailing' });
    await model.close();
    const base = await openModel({ base: trained.base });
    expect(base.noise.snr(999)).toBeGreaterThan(0);
    await base.close();

    const common = { kind: 'export', model: reference, precision: 'float32', metadata: {} } as const;
    const output = join(folder.path, `exported ${method.kind}`);
    await exportModel({ ...common, format: 'diffusers', output }, quiet);
    const config = JSON.parse(
      await readFile(join(output, 'scheduler', 'scheduler_config.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect(config).toMatchObject({
      rescale_betas_zero_snr: true,
      timestep_spacing: 'trailing',
      prediction_type: 'v_prediction',
    });
    if (method.kind !== 'lora') return;
    const lora: ExportJob = { ...common, format: 'lora', output: `${output}.safetensors` };
    await exportModel(lora, quiet);
    const file = await openSafetensors(lora.output);
    expect(file.metadata.get('ss_zero_terminal_snr')).toBe('True');
    await file.close();
  });

  test('is refused over a base that predicts noise', async () => {
    const failure = await failureOf(trainHere(job('refused', 'noise')));
    expect(failure.code).toBe('zero-snr-noise');
    expect(failure.hint).toContain('predicts v');
  });
});

test('held-out loss is plain mean squared error, whatever a run is trained by', async () => {
  const heldOut = async (name: string, changes: object) => {
    const run = job(
      name,
      'noise',
      { images: images.slice(0, 2), validation: images.slice(2) },
      // So little that nothing is learned, and the loss is that of one and the same model.
      { noise: undefined, learningRate: 1e-12, ...changes },
    );
    return (await trainHere(run)).result.validationLoss!;
  };
  const plain = await heldOut('plain', {});
  for (const [name, changes] of Object.entries({
    huber: { loss: { ...usualLoss, kind: 'huber' } },
    debiased: { loss: { ...usualLoss, debiased: true } },
    perturbed: { noise: { ...usualNoise, inputPerturbation: 0.3, pyramidIterations: 6 } },
  }))
    expect(Math.abs((await heldOut(name, changes)) / plain - 1), name).toBeLessThan(1e-5);
});
