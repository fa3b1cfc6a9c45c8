import { Failure } from '../failure.ts';
import type { Autoencoder } from '../families/family.ts';
import { openEncoder } from '../families/open-autoencoder.ts';
import { asItIs, readView } from '../images/image-views.ts';
import type { TrainJob } from '../jobs.ts';
import type { ReadWeight } from '../models/weight-tensor.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { readTrained } from './checkpoint-weights.ts';
import type { Trainer } from './trainer.ts';

/** Images whose latents decide the scaling factor. */
const measuredImages = 256;

/** 1 / standard deviation of the latents, as Rombach et al. (2022), appendix G, define it. */
export async function measureScalingFactor(
  { images, settings }: TrainJob,
  runtime: Runtime,
  trainer: Trainer,
  autoencoder: Autoencoder,
): Promise<number> {
  const { height, width } = images[0]!;
  const byKey = new Map(trainer.trainable.map((parameter) => [parameter.key, parameter]));
  const readWeight: ReadWeight = ({ key }) => readTrained(trainer, settings, byKey.get(key)!);
  const encoder = await openEncoder(autoencoder, { height, width }, { runtime, readWeight });
  let [count, sum, squares] = [0, 0, 0];
  const measured = images
    .filter((image) => image.width === width && image.height === height)
    .slice(0, measuredImages);
  for (const image of measured) {
    const { mean } = await encoder.run({ pictures: await readView(asItIs(image)) });
    for (const value of mean!) {
      sum += value;
      squares += value * value;
    }
    count += mean!.length;
  }
  await encoder.dispose();
  const variance = squares / count - (sum / count) ** 2;
  if (variance > 0) return 1 / Math.sqrt(variance);
  throw new Failure(
    'latents-constant',
    'The VAE gives the same latents for every image, so nothing can be trained on them.',
    'Train it on images that differ from each other, with a lower learning rate or a lower KL weight.',
  );
}
