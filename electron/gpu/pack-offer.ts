import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { manifestSchema } from '../../native/runtime/gpu-pack.ts';
import type { Licence } from '../contract/downloads.ts';

/** The pack that belongs to a version of Screenfold, as that version brings word of it: what it has to be, and where it lies. */
export const offerSchema = z.object({
  /** Null where it is to be had as a file alone. */
  address: z.string().nullable(),
  archive: z.object({
    name: z.string().regex(/^screenfold-gpu-[\w.+-]+\.zip$/),
    bytes: z.int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  manifest: manifestSchema,
});
export type PackOffer = z.output<typeof offerSchema>;

/** Null where there is none, or none that can be read. */
export async function readOffer(file: string): Promise<PackOffer | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return offerSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** NVIDIA's libraries may be passed on with a program, and come under their own terms. */
export const packLicence: Licence = {
  name: 'NVIDIA CUDA and cuDNN',
  address: 'https://docs.nvidia.com/cuda/eula/index.html',
  points: [
    'ONNX Runtime’s part is under the MIT licence. The rest are NVIDIA’s libraries for CUDA, under NVIDIA’s own terms.',
    'You may use them, at no cost, with programs that compute on NVIDIA GPUs, as Screenfold does.',
    'You may not change them, take them apart or pass them on by themselves.',
  ],
};
