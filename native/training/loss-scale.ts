/**
 * What the loss is multiplied by where gradients are computed in float16, so that small ones do not become zero (Micikevicius et
 * al. 2018; PyTorch's GradScaler). Where a gradient becomes too large, the step is skipped and the factor halved.
 */
export interface LossScale {
  readonly scale: number;
  /** Steps since it was last changed. */
  readonly steady: number;
  /** Steps skipped since the run began. */
  readonly skipped: number;
}

/** After so many steps without one that is skipped it is doubled. */
const patience = 2000;

export const firstLossScale: LossScale = { scale: 65_536, steady: 0, skipped: 0 };

/** What it is after a step; null where it cannot be made smaller, because what is too large is no matter of scale. */
export function nextLossScale({ scale, steady, skipped }: LossScale, isSkipped: boolean): LossScale | null {
  if (isSkipped) return scale > 1 ? { scale: scale / 2, steady: 0, skipped: skipped + 1 } : null;
  return steady + 1 < patience
    ? { scale, steady: steady + 1, skipped }
    : { scale: scale * 2, steady: 0, skipped };
}
