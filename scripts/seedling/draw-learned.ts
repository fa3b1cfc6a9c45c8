import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';

import { exists } from '../../native/files/exists.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import { uniforms } from '../../native/random/philox.ts';
import { prepareHand, taughtHands } from './hands.ts';
import type { LearnedPicture } from './many-hands.ts';
import { prepareNoto } from './noto.ts';
import { painted } from './paint.ts';
import { treated } from './treatments.ts';
import { bent, glossy, type Raster } from './vary.ts';

/**
 * Draws what is to be learned into `<work>/learned`, from glyphs three times as large; what is there already stays.
 * @param seed of how pictures are bent
 */
export async function drawLearned(
  pictures: readonly LearnedPicture[],
  work: string,
  size: number,
  seed: number,
): Promise<readonly TrainingImage[]> {
  const large = (prefix: string): string => join(work, 'large', prefix);
  await prepareNoto(large('noto'), 3 * size);
  for (const hand of taughtHands) await prepareHand(hand, large(hand.prefix), 3 * size);
  const folder = join(work, 'learned');
  await mkdir(folder, { recursive: true });
  const images: TrainingImage[] = [];
  for (const [ordinal, { prefix, file, change, repeats, captions }] of pictures.entries()) {
    const kind = change.kind === 'painted' ? change.paint : change.kind;
    const id = [prefix, change.kind === 'treated' ? `${change.treatment}-${change.color}` : kind, file].join(
      '-',
    );
    const path = join(folder, id);
    if (!(await exists(path))) {
      const raster = await readRaster(join(large(prefix), file));
      const draws = uniforms(seed, 'flip', 0, ordinal, new Float32Array(9));
      const made = changed(raster, change, draws, size);
      await sharp(made.rgb, { raw: { width: made.edge, height: made.edge, channels: 3 } })
        .resize(size, size, { kernel: 'lanczos3' })
        .png()
        .toFile(`${path}.part`);
      await rename(`${path}.part`, path);
    }
    images.push({ id, path, captions, width: size, height: size, repeats });
  }
  return images;
}

async function readRaster(path: string): Promise<Raster> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { rgb: new Uint8Array(data), edge: info.width };
}

function changed(
  raster: Raster,
  change: LearnedPicture['change'],
  draws: Float32Array,
  size: number,
): Raster {
  switch (change.kind) {
    case 'none':
      return raster;
    case 'bent':
      return bent(raster, size, draws);
    case 'glossy':
      return bent(glossy(raster), size, draws);
    case 'painted':
      return bent({ ...raster, rgb: painted(raster.rgb, change.paint) }, size, draws);
    case 'treated':
      return treated(raster, change.treatment, change.color);
  }
}
