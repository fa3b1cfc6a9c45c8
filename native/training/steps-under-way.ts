import type { BegunStep, StepOutcome, StepPlace } from './training-step.ts';

/** A step that is done. */
export interface SettledStep extends StepOutcome, StepPlace, Pick<BegunStep, 'lossScale'> {
  /** Since it was begun, or since the step before it was done where that is later. */
  readonly seconds: number;
}

/** Steps that were begun and tell in their order what they came to. */
export interface StepsUnderWay {
  /** Of the step that comes next; undefined where none is under way, or in float32. */
  lossScale(): BegunStep['lossScale'];
  add(step: StepPlace & { readonly begun: BegunStep; readonly started: number }): void;
  /** Waits until no more than so many are under way. Throws what a step throws. */
  settle(most?: number): Promise<void>;
  /** Resolves when the device is done with all of them, whatever they came to. */
  over(): Promise<void>;
}

export function stepsUnderWay(tell: (step: SettledStep) => Promise<void>): StepsUnderWay {
  const underWay: Parameters<StepsUnderWay['add']>[0][] = [];
  let settledAt = 0;
  return {
    lossScale: () => underWay.at(-1)?.begun.lossScale,
    add: (step) => {
      underWay.push(step);
    },
    settle: async (most = 0) => {
      while (underWay.length > most) {
        const { begun, started, ...place } = underWay[0]!;
        const outcome = await begun.outcome;
        await begun.over;
        underWay.shift();
        const now = performance.now();
        const seconds = (now - Math.max(started, settledAt)) / 1000;
        settledAt = now;
        const { lossScale } = begun;
        await tell({ ...place, ...outcome, seconds, ...(lossScale && { lossScale }) });
      }
    },
    over: async () => {
      for (const { begun } of underWay) await begun.over;
    },
  };
}
