import { createHash } from 'node:crypto';

import { Failure } from '../failure.ts';
import type { Inference } from '../models/inference.ts';
import type { ReadWeight, WeightType } from '../models/weight-tensor.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { BlobCache } from './blob-cache.ts';

/** What encoding images and captions have in common: a frozen encoder, and a cache for what it makes. */
export interface EncodeOptions {
  readonly runtime: Runtime;
  readonly readWeight: ReadWeight;
  readonly weightType?: WeightType;
  /** Hash of the encoder's config and weights: part of every key. */
  readonly modelHash: string;
  readonly cache: BlobCache;
  readonly onProgress: (done: number, total: number) => void;
  readonly stop: AbortSignal;
}

export function cacheLost(what: string): Failure {
  return new Failure(
    'cache-lost',
    `${what} are no longer in the cache.`,
    'Do not empty the cache while a run is training. Resume the run: what is missing is made again.',
  );
}

/** The key of what is made of these, which nothing else has. */
export function contentKey(...parts: readonly (string | number | boolean)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** A model opened at its first use: with a warm cache it never is. */
export function lazyInference(open: () => Promise<Inference>): {
  get: () => Promise<Inference>;
  dispose: () => Promise<void>;
} {
  let opened: Promise<Inference> | null = null;
  return {
    get: () => (opened ??= open()),
    dispose: async () => {
      await (await opened)?.dispose();
    },
  };
}
