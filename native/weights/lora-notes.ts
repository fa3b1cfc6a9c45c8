/** What PEFT notes of a LoRA beside its matrices: the alpha, above all. */
import { basename, dirname, join } from 'node:path';

import { Failure } from '../failure.ts';
import { isJsonObject, type JsonObject, readJsonObject } from '../files/json-file.ts';
import type { TensorFile } from './tensor-file.ts';

export interface LoraNotes {
  /** The alpha of a module; its rank where nothing is noted. */
  readonly alphaOf: (module: {
    readonly component: string;
    readonly module: string;
    readonly rank: number;
  }) => number;
  /** Whether a component's is noted to be a DoRA. */
  readonly isDora: (component: string) => boolean;
}

/**
 * What diffusers keeps in a file under `lora_adapter_metadata`, by component, or PEFT in adapter_config.json beside one that it
 * saved itself.
 *
 * @throws Failure `lora-invalid` where that cannot be read
 */
export async function readLoraNotes(file: Pick<TensorFile, 'path' | 'metadata'>): Promise<LoraNotes> {
  const inside = insideNotes(file);
  const beside = basename(file.path).startsWith('adapter_model.')
    ? await readJsonObject(join(dirname(file.path), 'adapter_config.json'))
    : null;
  const note = (component: string, key: string): unknown => inside[`${component}.${key}`] ?? beside?.[key];
  return {
    isDora: (component) => note(component, 'use_dora') === true,
    alphaOf: ({ component, module, rank }) => {
      const patterns = note(component, 'alpha_pattern');
      const special: unknown = isJsonObject(patterns)
        ? Object.entries(patterns).find(
            ([pattern]) => module === pattern || module.endsWith(`.${pattern}`),
          )?.[1]
        : undefined;
      const alpha = special ?? note(component, 'lora_alpha');
      if (typeof alpha !== 'number' || !Number.isFinite(alpha)) return rank;
      return note(component, 'use_rslora') === true ? alpha * Math.sqrt(rank) : alpha;
    },
  };
}

function insideNotes({ path, metadata }: Pick<TensorFile, 'path' | 'metadata'>): JsonObject {
  const text = metadata.get('lora_adapter_metadata');
  try {
    const parsed: unknown = text === undefined ? {} : JSON.parse(text);
    return isJsonObject(parsed) ? parsed : {};
  } catch (error) {
    throw new Failure(
      'lora-invalid',
      `${path} has a lora_adapter_metadata that is not JSON.`,
      'Get the file again from where it came from.',
      error,
    );
  }
}
