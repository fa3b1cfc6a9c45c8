import { usualLearningRate } from '../../native/facts/methods.ts';
import { rateOf } from '../../native/facts/optimizers.ts';
import type { RunSpec } from './run-spec.ts';

/**
 * What of proposed training settings follows from others that a person chose: the learning rate is for the proposed optimizer,
 * and the warm-up for the proposed length.
 */
export function proposalFor(
  proposed: Pick<RunSpec, 'method' | 'train'>,
  { optimizer, epochs }: Partial<Pick<RunSpec['train'], 'optimizer' | 'epochs'>>,
): RunSpec['train'] {
  return warmedUp(ratedFor(proposed, optimizer), epochs);
}

function ratedFor(
  { method, train }: Pick<RunSpec, 'method' | 'train'>,
  optimizer: RunSpec['train']['optimizer'] = train.optimizer,
): RunSpec['train'] {
  if (train.learningRate === undefined || optimizer.kind === train.optimizer.kind) return train;
  // What is proposed may be for the size of the base, too.
  const learningRate =
    train.optimizer.kind === 'adamw'
      ? rateOf(train.learningRate, optimizer.kind)
      : usualLearningRate(method.kind, optimizer);
  return { ...train, learningRate };
}

/** A run shorter than proposed warms up for less. */
function warmedUp(train: RunSpec['train'], epochs: number = train.epochs): RunSpec['train'] {
  if (!(epochs < train.epochs)) return train;
  return { ...train, warmupSteps: Math.floor((train.warmupSteps * epochs) / train.epochs) };
}
