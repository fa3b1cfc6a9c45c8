/**
 * Writes what textual_inversion.py trains on: `node tests/reference/embedding-batches.ts <folder>`. For each family of
 * tests/training/word-job.ts its base model in `<family>/base`, in `<family>/batches.safetensors` latents, noise, timesteps and facts of
 * every step (`<step>.latents`), in `<family>/job.json` the job and each step's captions, and what the run learned, exported:
 * `<family>/a1111.safetensors` and `<family>/diffusers.safetensors`.
 */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { exportModel } from '../../native/export.ts';
import { embeddingFileNames } from '../../native/facts/model-formats.ts';
import { openModel } from '../../native/families/open-model.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import type { JobContext, TrainJob } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { modelToTrain } from '../../native/training/model-to-train.ts';
import { chooseRecipe } from '../../native/training/train.ts';
import { stepsOf } from '../../native/training/training-loop.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { trainHere } from '../training/tiny-model.ts';
import { comparedWordSteps, wordJob } from '../training/word-job.ts';

const quiet: JobContext = { emit: () => undefined, stop: new AbortController().signal };

const rowShapes: Readonly<Record<string, readonly number[]>> = {
  latents: [4, 8, 8],
  noise: [4, 8, 8],
  timesteps: [],
  time_ids: [6],
};

async function writeBatches(folder: string, job: TrainJob): Promise<void> {
  const runtime = await chooseRuntime(job.device);
  const model = await openModel(modelToTrain(job));
  const task = await chooseRecipe({ job, model, runtime, context: quiet }).start();
  const tensors: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: Float32Array<ArrayBuffer>;
  }[] = [];
  const captions: string[][] = [];
  for (let epoch = 1; captions.length < comparedWordSteps; epoch++) {
    for (const [batch] of stepsOf(job, epoch).slice(0, comparedWordSteps - captions.length)) {
      const { images } = batch!;
      captions.push(images.map((image) => image.captions[0]!));
      const step = captions.length;
      const { data } = await task.prepare(batch!, { step, firstIndex: 0, share: 1 / images.length });
      for (const [name, shape] of Object.entries(rowShapes)) {
        const values = data[name] as Float32Array<ArrayBuffer> | undefined;
        // What pads a batch is left out.
        const size = images.length * elementCount(shape);
        if (values)
          tensors.push({
            name: `${step}.${name}`,
            shape: [images.length, ...shape],
            data: values.slice(0, size),
          });
      }
    }
  }
  await task.dispose();
  await model.close();
  await runtime.dispose();
  await writeSafetensors(
    join(folder, 'batches.safetensors'),
    tensors.map((tensor) => ({ ...tensor, dtype: 'F32' as const })),
  );
  const { method, settings } = job;
  await writeFile(join(folder, 'job.json'), JSON.stringify({ method, settings, captions }));
}

async function writeExports(folder: string, job: TrainJob): Promise<void> {
  await trainHere(job);
  const model = { base: job.base, checkpoint: join(job.folder, 'checkpoints', 'epoch-0007') };
  for (const embeddingNames of embeddingFileNames)
    await exportModel(
      {
        ...{ kind: 'export', format: 'embedding', embeddingNames, model, precision: 'float32', metadata: {} },
        output: join(folder, `${embeddingNames}.safetensors`),
      },
      quiet,
    );
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  const folder = resolve(process.argv[2]);
  for (const family of ['sd', 'xl'] as const) {
    const job = await wordJob(folder, family);
    await writeBatches(join(folder, family), job);
    await writeExports(join(folder, family), job);
  }
}
