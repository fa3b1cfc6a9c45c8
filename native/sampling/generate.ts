import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { formatParameters } from '../images/generation-parameters.ts';
import { writePng } from '../images/png.ts';
import type { GenerateJob, JobContext, JobResult, Picture } from '../jobs.ts';
import { openStableDiffusion } from '../models/stable-diffusion.ts';
import { chooseRuntime } from '../runtime/providers.ts';
import { createTextToImage, toRgb, type SamplingSettings } from './text-to-image.ts';

/** A picture and its place among those asked for. */
interface Numbered {
  readonly picture: Picture;
  readonly index: number;
}

/** Makes the pictures model by model, in batches of equal settings, each written as soon as it is there. */
export async function generate(job: GenerateJob, context: JobContext): Promise<JobResult> {
  const started = performance.now();
  const runtime = await chooseRuntime(job.device);
  context.emit({ type: 'note', message: runtime.description });
  const stopped = (): boolean => context.stop.aborted;
  let made = 0;
  try {
    const all = job.pictures.map((picture, index): Numbered => ({ picture, index }));
    for (const ofModel of Map.groupBy(all, ({ picture }) => JSON.stringify(picture.model)).values()) {
      if (stopped()) break;
      const model = await openStableDiffusion(ofModel[0]!.picture.model);
      const pipeline = createTextToImage(runtime, model);
      try {
        for (const batch of batches(ofModel, job.batchSize)) {
          if (stopped()) break;
          const settings: SamplingSettings = batch[0]!.picture;
          const pictures = await pipeline.generate(
            batch.map(({ picture }) => picture),
            settings,
            (done, total) => {
              context.emit({
                type: 'progress',
                phase: 'sampling',
                done: made * total + done * batch.length,
                total: all.length * total,
              });
            },
          );
          for (const [i, { picture, index }] of batch.entries()) {
            await writePicture(picture, pictures[i]!);
            made += 1;
            context.emit({ type: 'picture', index, output: picture.output });
          }
        }
      } finally {
        await pipeline.dispose();
        await model.close();
      }
    }
  } finally {
    await runtime.dispose();
  }
  return { kind: 'generate', pictures: made, seconds: (performance.now() - started) / 1000 };
}

function batches(pictures: readonly Numbered[], batchSize: number): Numbered[][] {
  const groups = Map.groupBy(pictures, ({ picture }) => {
    const { sampler, steps, guidanceScale, width, height } = picture;
    return JSON.stringify([sampler, steps, guidanceScale, width, height]);
  });
  return [...groups.values()].flatMap((members) =>
    Array.from({ length: Math.ceil(members.length / batchSize) }, (_, i) =>
      members.slice(i * batchSize, (i + 1) * batchSize),
    ),
  );
}

async function writePicture(picture: Picture, pixels: Float32Array): Promise<void> {
  const { model, output, width, height } = picture;
  const name = [model.base, ...(model.checkpoint === undefined ? [] : [model.checkpoint])].map((path) =>
    basename(path),
  );
  await mkdir(dirname(output), { recursive: true });
  await writePng(
    output,
    { width, height, rgb: toRgb(pixels) },
    { parameters: formatParameters(picture, name.join(' ')) },
  );
}
