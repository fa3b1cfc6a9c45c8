import { endingOf } from '../../native/facts/model-formats.ts';
import type { LoraUse } from '../../native/jobs.ts';
import type { ParsedInputOf } from '../contract/api.ts';
import type { LoraChoice } from '../contract/loras.ts';
import type { Engine } from '../engine/engine.ts';
import { exportModel } from './export-model.ts';
import type { NewExport } from './export-tasks.ts';

export interface MergeDeps {
  /** Throws Failure `model-missing`. */
  readonly model: (modelId: number) => { readonly name: string; readonly folder: string };
  readonly loras: {
    /** As below. */
    readonly named: (choices: readonly LoraChoice[]) => readonly (LoraChoice & { readonly name: string })[];
    /** Throws Failure `lora-missing`. */
    readonly uses: (choices: readonly LoraChoice[]) => Promise<readonly LoraUse[]>;
  };
}

/**
 * A model of the library with LoRAs merged into it, as one that other tools read.
 * @throws Failure `model-missing`, `lora-missing`
 */
export async function mergedModel(
  { modelId, loras, format, precision, output }: ParsedInputOf<'exports.merged'>,
  { model, loras: library }: MergeDeps,
  { engine, software, date }: { readonly engine: Engine; readonly software: string; readonly date: Date },
): Promise<NewExport> {
  const { name, folder: base } = model(modelId);
  const title = `${name} with ${library
    .named(loras)
    .map((lora) => lora.name)
    .join(', ')}`;
  const uses = await library.uses(loras);
  const wanted = { base, loras: uses, title, format, precision, device: {}, software, date };
  return {
    entry: { kind: format, title, runId: null, epoch: null },
    wanted: output,
    extension: endingOf(format),
    work: async (place, kill) => (await exportModel({ ...wanted, output: place }, engine, { kill })).bytes,
  };
}
