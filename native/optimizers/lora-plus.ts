import type { Optimizer, StepValues } from './optimizer.ts';

const upScalar = (name: string): string => `up-${name}`;

/**
 * LoRA+ (Hayou et al. 2024, "LoRA+: Efficient Low Rank Adaptation of Large Models"): the up matrices, which begin as zeros, go by
 * `ratio` times the learning rate. What an optimizer finds out of all parameters together, it finds by the usual rate.
 */
export function loraPlus(optimizer: Optimizer, ratio: number): Optimizer {
  const { scalars } = optimizer;
  const own = new Set(scalars);
  const faster = (step: StepValues): StepValues => ({
    ...step,
    scalar: (name) => step.scalar(own.has(name) ? upScalar(name) : name),
  });
  return {
    ...optimizer,
    scalars: [...scalars, ...scalars.map(upScalar)],
    scalarsAt: (step, learningRate) => ({
      ...optimizer.scalarsAt(step, learningRate),
      ...Object.fromEntries(
        Object.entries(optimizer.scalarsAt(step, learningRate * ratio)).map(
          ([name, value]) => [upScalar(name), value] as const,
        ),
      ),
    }),
    update: (step) => optimizer.update(step.parameter.isUp ? faster(step) : step),
    ...(optimizer.onePass && {
      onePass: (trainable, rule, parts) => optimizer.onePass!(trainable, { ...rule, upRate: ratio }, parts),
    }),
  };
}
