/**
 * Writes what losses.py trains on: `node tests/reference/losses-batches.ts <folder>`. For each variant of
 * tests/training/loss-variants.ts a base model, `<name>/batches.safetensors` with the latents, noise, timesteps and states of
 * every step (`<step>.latents`), a LoRA's first weights as `initial.<module>`, and `<name>/variant.json`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { openModel } from '../../native/families/open-model.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import type { JobContext, TrainJob } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { chooseRecipe } from '../../native/training/train.ts';
import { stepsOf } from '../../native/training/training-loop.ts';
import type { TrainingTask } from '../../native/training/training-task.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { referenceName } from '../training/followed-steps.ts';
import { comparedSteps, lossJob, type LossVariant, lossVariants } from '../training/loss-variants.ts';

const quiet: JobContext = { emit: () => undefined, stop: new AbortController().signal };

/** What is no number. */
const rowShapes: Readonly<Record<string, readonly number[]>> = {
  latents: [4, 8, 8],
  noise: [4, 8, 8],
  added_noise: [4, 8, 8],
  encoder_hidden_states: [16, 16],
};

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

async function writeVariant(folder: string, variant: LossVariant): Promise<void> {
  const job = await lossJob(folder, variant);
  const runtime = await chooseRuntime(job.device);
  const model = await openModel({ base: job.base });
  const task = await chooseRecipe({ job, model, runtime, context: quiet }).start();
  const { tensors, steps } = await batchesOf(job, task);
  for (const parameter of task.trainer.trainable) {
    if (!parameter.adapter) continue;
    const into = new Float32Array(elementCount(parameter.shape));
    const data = await task.trainer.readState('parameter', parameter.name, into);
    tensors.push({ name: `initial.${referenceName(parameter)}`, shape: parameter.shape, data });
  }
  await task.dispose();
  await model.close();
  await runtime.dispose();
  await mkdir(join(folder, variant.name), { recursive: true });
  await writeSafetensors(
    join(folder, variant.name, 'batches.safetensors'),
    tensors.map((tensor) => ({ ...tensor, dtype: 'F32' as const, data: () => Promise.resolve(tensor.data) })),
  );
  const said = { ...variant, settings: job.settings, method: job.method, steps };
  await writeFile(join(folder, variant.name, 'variant.json'), JSON.stringify(said));
}

/** The first rows of a batch are its images, those after them the class images; what pads it is left out. */
async function batchesOf(job: TrainJob, task: TrainingTask) {
  const tensors: Tensor[] = [];
  const steps: {
    readonly images: number;
    readonly classImages: number;
    readonly masks: readonly string[];
  }[] = [];
  for (let epoch = 1; steps.length < comparedSteps; epoch++) {
    for (const [batch] of stepsOf(job, epoch)) {
      const { images, classImages = [] } = batch!;
      const step = steps.length + 1;
      if (step > comparedSteps) break;
      const place = { step, firstIndex: 0, share: 1 / images.length };
      const { data } = await task.prepare(batch!, place);
      const rows = images.length + classImages.length;
      const row = (name: string, ...shape: readonly number[]) => {
        const values = data[name] as Float32Array<ArrayBuffer>;
        const size = elementCount(shape);
        tensors.push({
          name: `${step}.${name}`,
          shape: [rows, ...shape],
          data: values.slice(0, rows * size),
        });
      };
      for (const name of Object.keys(data)) {
        if (!(data[name] instanceof Float32Array)) continue;
        row(name, ...(rowShapes[name] ?? []));
      }
      const masks = images.flatMap(({ mask }) => (mask === undefined ? [] : [mask]));
      steps.push({ images: images.length, classImages: classImages.length, masks });
    }
  }
  return { tensors, steps };
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  const folder = resolve(process.argv[2]);
  for (const variant of lossVariants) await writeVariant(folder, variant);
}
