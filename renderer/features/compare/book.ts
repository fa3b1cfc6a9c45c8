import type { Comparison, Sample } from '../../../electron/contract/gallery.ts';
import type { FailureData } from '../../../electron/contract/values.ts';
import { type AxisValues, axisValues, type Coordinates, promptKey } from './axes.ts';

export type ComparedRun = Comparison['runs'][number];
export type ComparedPrompt = Comparison['prompts'][number];

/** A comparison, ready to be looked things up in. */
export interface Book {
  readonly values: AxisValues;
  readonly runs: ReadonlyMap<number, ComparedRun>;
  readonly prompts: ReadonlyMap<string, ComparedPrompt>;
  readonly samples: ReadonlyMap<string, Sample>;
}

/** What there is at one place of the grid. */
export type Cell =
  | { readonly kind: 'ready'; readonly sample: Sample }
  | { readonly kind: 'queued' | 'making'; readonly sample: Sample }
  | { readonly kind: 'failed'; readonly sample: Sample; readonly failure: FailureData }
  /** The checkpoint is there, nobody has asked for the picture, or it was taken out of the queue. */
  | { readonly kind: 'missing' }
  /** The run kept no checkpoint of this epoch. */
  | { readonly kind: 'no-checkpoint' }
  /** A real image of the data set; null where the prompt is no held-out image's caption. */
  | { readonly kind: 'held-out'; readonly imageId: number | null };

const unknownFailure: FailureData = { code: 'unexpected', message: 'The picture was not made.', hint: '' };

export function openBook(comparison: Comparison): Book {
  return {
    values: axisValues(comparison),
    runs: new Map(comparison.runs.map((run) => [run.id, run])),
    prompts: new Map(comparison.prompts.map((prompt) => [promptKey(prompt), prompt])),
    samples: new Map(
      comparison.samples.flatMap((sample) => {
        const place = placeOf(sample);
        return place === null ? [] : [[placeKey(place), sample]];
      }),
    ),
  };
}

/** Where a picture stands; null for one that belongs to no run. */
export function placeOf(sample: Sample): Coordinates | null {
  const { runId, epoch, seed } = sample;
  return runId === null || epoch === null ? null : { run: runId, epoch, seed, prompt: promptKey(sample) };
}

function placeKey({ run, epoch, seed, prompt }: Coordinates): string {
  return `${run} ${epoch} ${seed} ${prompt}`;
}

export function sampleAt(book: Book, place: Coordinates): Sample | null {
  return book.samples.get(placeKey(place)) ?? null;
}

export function cellAt(book: Book, place: Coordinates): Cell {
  const sample = sampleAt(book, place);
  if (sample === null || sample.status === 'cancelled') {
    const isThere = book.runs.get(place.run)?.epochs.includes(place.epoch) ?? false;
    return { kind: isThere ? 'missing' : 'no-checkpoint' };
  }
  if (sample.status === 'failed')
    return { kind: 'failed', sample, failure: sample.failure ?? unknownFailure };
  return { kind: sample.status, sample };
}

/** Whether pictures of a run are still to be made. */
export function hasWaiting({ samples }: Book, runId: number): boolean {
  return [...samples.values()].some((sample) => sample.runId === runId && countedAs(sample) === 'waiting');
}

/** How many pictures of the runs' epochs, prompts and seeds are there, on the way, failed, or not asked for. */
export interface Tally {
  readonly ready: number;
  readonly waiting: number;
  readonly failed: number;
  readonly missing: number;
}

export function tally({ runs, values, samples }: Book): Tally {
  const counts = { ready: 0, waiting: 0, failed: 0, missing: 0 };
  for (const run of runs.values()) {
    for (const epoch of run.epochs) {
      for (const prompt of values.prompt) {
        for (const seed of values.seed) {
          counts[countedAs(samples.get(placeKey({ run: run.id, epoch, prompt, seed })))] += 1;
        }
      }
    }
  }
  return counts;
}

function countedAs(sample: Sample | undefined): keyof Tally {
  switch (sample?.status) {
    case 'ready':
      return 'ready';
    case 'queued':
    case 'making':
      return 'waiting';
    case 'failed':
      return 'failed';
    default:
      return 'missing';
  }
}
