import { LRUCache } from 'lru-cache';

import type { ComputePrecision } from '../facts/precision.ts';
import type { Conditioning, OpenModel, PromptChunk, Rows } from '../families/family.ts';
import { fromNumbers } from '../graph/data-type.ts';
import { type Inference, openInference } from '../models/inference.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { weighStates } from './weigh-states.ts';

type States = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

/** What the denoiser is told of several prompts. */
export interface PromptStates {
  /** By name, a row for each prompt. */
  readonly states: States;
  /** Chunks of each. */
  readonly chunks: number;
}

export interface PromptReader {
  /**
   * What the text encoders make of the prompts, all in as many chunks as the longest of them needs. Null is a prompt that is not given.
   *
   * @throws Failure `clip-skip-invalid`
   */
  states(prompts: readonly (string | null)[], clipSkip: number): Promise<PromptStates>;
  dispose(): Promise<void>;
}

/** Chunks whose states are kept: a comparison asks for the same prompts again and again. */
const mostKept = 1024;

/** Reads prompts by a model's text encoders, whose session is made at the first, and anew for another clip skip. */
export function createPromptReader(
  runtime: Runtime,
  { conditioning: usual, readWeight, weightType }: OpenModel,
  precision: ComputePrecision,
): PromptReader {
  const known = new LRUCache<string, States>({ max: mostKept });
  let kept: { readonly clipSkip: number; readonly opened: Promise<Inference> } | null = null;
  const dispose = async (): Promise<void> => {
    const { opened } = kept ?? {};
    kept = null;
    // Encoders that could not be opened have said so already, to whoever asked for them.
    await (await opened?.catch(() => null))?.dispose();
  };
  const encodersAt = async (clipSkip: number): Promise<Inference> => {
    if (kept?.clipSkip !== clipSkip) {
      await dispose();
      const conditioning = clipSkip === 1 ? usual : usual.as({ clipSkip, chunks: 1 });
      kept = { clipSkip, opened: open(conditioning) };
    }
    return kept.opened;
  };
  const open = (conditioning: Conditioning): Promise<Inference> =>
    openInference(
      runtime,
      readWeight,
      (builders, graph) => {
        const given = Object.entries(conditioning.tokens).map(
          ([name, { type, shape }]) => [name, graph.input(name, type, [1, ...shape])] as const,
        );
        return conditioning.encode(builders, Object.fromEntries(given));
      },
      weightType,
      precision,
    );
  const read = async (chunk: PromptChunk, clipSkip: number): Promise<States> => {
    const key = JSON.stringify([clipSkip, chunk]);
    const before = known.get(key);
    if (before) return before;
    const ids = Object.entries(chunk.tokens).map(
      ([name, numbers]) => [name, fromNumbers(usual.tokens[name]!.type, numbers)] as const,
    );
    const found = await (await encodersAt(clipSkip)).run(Object.fromEntries(ids));
    const made = Object.fromEntries(Object.keys(usual.states).map((name) => [name, found[name]!.slice()]));
    if (chunk.weights !== null) weighStates(made.encoder_hidden_states!, chunk.weights);
    known.set(key, made);
    return made;
  };
  return {
    states: async (prompts, clipSkip) => {
      const { texts, chunks } = readTogether(usual, prompts);
      const rows: States[] = [];
      for (const text of texts) {
        const states: States[] = [];
        for (const chunk of text) states.push(await read(chunk, clipSkip));
        rows.push(statesOfText(usual, states));
      }
      const names = Object.keys(usual.states);
      return {
        states: Object.fromEntries(names.map((name) => [name, endToEnd(rows.map((row) => row[name]!))])),
        chunks,
      };
    },
    dispose,
  };
}

/** Prompts in equally many chunks: as the longest of them needs. */
export function readTogether(
  { readPrompt }: Pick<Conditioning, 'readPrompt'>,
  prompts: readonly (string | null)[],
): { readonly texts: readonly (readonly PromptChunk[])[]; readonly chunks: number } {
  const chunks = Math.max(...prompts.map((prompt) => readPrompt(prompt).length));
  return { texts: prompts.map((prompt) => readPrompt(prompt, chunks)), chunks };
}

/** What the denoiser is told of a text: states of its chunks one after the other, of what each has its own. */
function statesOfText({ chunked, states }: Conditioning, ofChunks: readonly States[]): States {
  return Object.fromEntries(
    Object.keys(states).map((name) => [
      name,
      ofChunks.length > 1 && chunked.includes(name)
        ? endToEnd(ofChunks.map((chunk) => chunk[name]!))
        : ofChunks[0]![name]!,
    ]),
  );
}

/** The states that a denoiser is told where texts have that many chunks. */
export function rowsOfChunks(
  { states, chunked }: Pick<Conditioning, 'states' | 'chunked'>,
  chunks: number,
): Rows {
  return Object.fromEntries(
    Object.entries(states).map(
      ([
        name,
        {
          type,
          shape: [first, ...rest],
        },
      ]) => [name, { type, shape: [first! * (chunked.includes(name) ? chunks : 1), ...rest] }],
    ),
  );
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
