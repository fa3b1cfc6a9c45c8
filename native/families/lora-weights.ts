import { join } from 'node:path';

import { loraName } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import { exists } from '../files/exists.ts';
import { elementCount } from '../graph/data-type.ts';
import type { ModelReference } from '../jobs.ts';
import { type LoraModule, readLora } from '../weights/lora-file.ts';
import type { LoraLayout } from '../weights/lora-names.ts';

/** A LoRA's modules of one component, by module path, and what they are multiplied by. */
export interface Adaptation {
  readonly modules: ReadonlyMap<string, LoraModule>;
  readonly strength: number;
  readonly file: string;
}

/** The LoRA of a checkpoint, by component; empty where it has none. */
export async function openLora(
  { checkpoint, loraScale = 1 }: ModelReference,
  layout: () => LoraLayout,
): Promise<ReadonlyMap<string, Adaptation>> {
  const file = checkpoint === undefined ? '' : join(checkpoint, loraName);
  if (file === '' || !(await exists(file))) return new Map();
  const { modules } = await readLora(file, layout());
  const adaptations = [...Map.groupBy(modules, ({ component }) => component)].map(
    ([component, own]): [string, Adaptation] => {
      const byPath = new Map(own.map((module) => [module.module, module]));
      return [component, { modules: byPath, strength: loraScale, file }];
    },
  );
  return new Map(adaptations);
}

/** W += strength · alpha / rank · up · down, in double precision. */
export function addLora(
  weight: Float32Array,
  shape: readonly number[],
  { module, rank, alpha, down, up, kernel }: LoraModule,
  { strength, file }: Adaptation,
): void {
  const rows = shape[0]!;
  const columns = elementCount(shape) / rows;
  if (down.length !== rank * columns || up.length !== rows * rank || kernel.some((extent) => extent !== 1)) {
    throw new Failure(
      'lora-shape',
      `${file}: ${module} does not fit a weight of the shape [${shape.join(', ')}].`,
      'Use a LoRA that was trained on this kind of base model.',
    );
  }
  const scale = (strength * alpha) / rank;
  const row = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = up[i * rank + r]! * scale;
      for (let j = 0; j < columns; j++) row[j] = row[j]! + factor * down[r * columns + j]!;
    }
    for (let j = 0; j < columns; j++) weight[i * columns + j] = weight[i * columns + j]! + row[j]!;
  }
}
