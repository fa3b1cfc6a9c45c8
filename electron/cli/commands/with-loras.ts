import { resolve } from 'node:path';

import type { LoraUse, ModelReference } from '../../../native/jobs.ts';

/** A model with LoRAs laid over it, whose paths are meant from the working folder. */
export function withLoras(
  model: ModelReference,
  loras: readonly LoraUse[],
  workingFolder: string,
): ModelReference {
  if (loras.length === 0) return model;
  return {
    ...model,
    loras: loras.map(({ file, strength }) => ({ file: resolve(workingFolder, file), strength })),
  };
}
