import { LRUCache } from 'lru-cache';

import type { ComputePrecision } from '../facts/precision.ts';
import type { OpenModel } from '../families/family.ts';
import { fromNumbers } from '../graph/data-type.ts';
import { type Inference, openInference } from '../models/inference.ts';
import type { Runtime } from '../runtime/runtime.ts';

type States = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

export interface PromptReader {
  /** What the text encoders make of the prompts: by name, a row each. Null is a prompt that is not given. */
  states(prompts: readonly (string | null)[]): Promise<States>;
  dispose(): Promise<void>;
}

/** States kept: a comparison asks for the same prompts again and again. */
const mostPrompts = 1024;

/** Reads prompts by a model's text encoders, whose session is made at the first. */
export function createPromptReader(
  runtime: Runtime,
  { conditioning, readWeight, weightType }: OpenModel,
  precision: ComputePrecision,
): PromptReader {
  const { tokens, states } = conditioning;
  const known = new LRUCache<string, States>({ max: mostPrompts });
  let withoutPrompt: States | null = null;
  let encoders: Promise<Inference> | null = null;
  const read = async (prompt: string | null): Promise<States> => {
    const kept = prompt === null ? withoutPrompt : known.get(prompt);
    if (kept) return kept;
    encoders ??= openInference(
      runtime,
      readWeight,
      (builders, graph) => {
        const given = Object.entries(tokens).map(
          ([name, { type, shape }]) => [name, graph.input(name, type, [1, ...shape])] as const,
        );
        return conditioning.encode(builders, Object.fromEntries(given));
      },
      weightType,
      precision,
    );
    const ids = Object.entries(conditioning.tokenize(prompt)).map(
      ([name, numbers]) => [name, fromNumbers(tokens[name]!.type, numbers)] as const,
    );
    const found = await (await encoders).run(Object.fromEntries(ids));
    const made = Object.fromEntries(Object.keys(states).map((name) => [name, found[name]!.slice()]));
    if (prompt === null) withoutPrompt = made;
    else known.set(prompt, made);
    return made;
  };
  return {
    states: async (prompts) => {
      const rows: States[] = [];
      for (const prompt of prompts) rows.push(await read(prompt));
      return Object.fromEntries(
        Object.keys(states).map((name) => [name, endToEnd(rows.map((row) => row[name]!))]),
      );
    },
    dispose: async () => {
      // Encoders that could not be opened have said so already, to whoever asked for them.
      await (await encoders?.catch(() => null))?.dispose();
    },
  };
}

function endToEnd(arrays: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const joined = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    joined.set(array, offset);
    offset += array.length;
  }
  return joined;
}
