import type { ModelReference, TrainJob } from '../jobs.ts';

/** A job's base, which knows that there is a word it is to be taught. */
export function modelToTrain({ base, method }: Pick<TrainJob, 'base' | 'method'>): ModelReference {
  if (method.kind !== 'embedding') return { base };
  const { word, vectors } = method;
  return { base, taught: { word, vectors } };
}
