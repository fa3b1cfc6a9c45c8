/** How a prediction's error is measured while training: plain squares, or squares that turn into absolute values where they are large. */
export const lossKinds = ['mse', 'huber', 'smooth-l1'] as const;
export type LossKind = (typeof lossKinds)[number];

/** How the threshold between the two goes over the timesteps, as kohya's sd-scripts have it. */
export const thresholdSchedules = ['constant', 'exponential', 'snr'] as const;
export type ThresholdSchedule = (typeof thresholdSchedules)[number];

export interface LossSettings {
  readonly kind: LossKind;
  /** Of Huber and smooth L1: at the noisiest timestep, or, constant, at all. */
  readonly threshold: number;
  readonly schedule: ThresholdSchedule;
  /** Multiplies the threshold, but for `snr`. */
  readonly scale: number;
  /** Weighs timesteps by 1 / sqrt(snr), or of v-prediction 1 / (snr + 1) (Yu et al. 2023). */
  readonly debiased: boolean;
}

/** What is done to noise, and how much of it there is. */
export interface NoiseSettings {
  /** How much further noise the model sees than it is to predict (Ning et al. 2023); 0: none. */
  readonly inputPerturbation: number;
  /** Levels of coarser noise added to the noise (Whitaker 2023); 0: none. */
  readonly pyramidIterations: number;
  /** What each level counts beside the one before. */
  readonly pyramidDiscount: number;
  /** Whether the last timestep is made pure noise, for training and for what is drawn by it (Lin et al. 2023). */
  readonly zeroTerminalSnr: boolean;
}

export const usualLoss: LossSettings = {
  kind: 'mse',
  threshold: 0.1,
  schedule: 'snr',
  scale: 1,
  debiased: false,
};

export const usualNoise: NoiseSettings = {
  inputPerturbation: 0,
  pyramidIterations: 0,
  pyramidDiscount: 0.4,
  zeroTerminalSnr: false,
};

/** Whether a loss is other than the plain mean of squares. */
export function isUnusualLoss({ kind, debiased }: LossSettings): boolean {
  return kind !== 'mse' || debiased;
}

/** Whether anything but plain normal noise on the base's own schedule is used. */
export function isUnusualNoise({
  inputPerturbation,
  pyramidIterations,
  zeroTerminalSnr,
}: NoiseSettings): boolean {
  return inputPerturbation > 0 || pyramidIterations > 0 || zeroTerminalSnr;
}

export const lossLabels: Readonly<Record<LossKind, string>> = {
  mse: 'Mean squared error',
  huber: 'Huber',
  'smooth-l1': 'Smooth L1',
};

/** In a line: `Huber from 0.1, snr; debiased`. */
export function errorText({ kind, threshold, schedule, debiased }: LossSettings): string {
  const measure = kind === 'mse' ? lossLabels.mse : `${lossLabels[kind]} from ${threshold}, ${schedule}`;
  return debiased ? `${measure}; debiased` : measure;
}

/** What of them is not as usual, each in a few words. */
export function noiseTexts({
  inputPerturbation,
  pyramidIterations,
  pyramidDiscount,
  zeroTerminalSnr,
}: NoiseSettings): readonly string[] {
  return [
    ...(zeroTerminalSnr ? ['zero terminal SNR'] : []),
    ...(pyramidIterations > 0 ? [`pyramid of ${pyramidIterations}, discount ${pyramidDiscount}`] : []),
    ...(inputPerturbation > 0 ? [`input perturbed by ${inputPerturbation}`] : []),
  ];
}

/** Whether the last step is nothing but noise. */
export function hasZeroSnr({ noise }: { readonly noise?: NoiseSettings | undefined }): boolean {
  return noise?.zeroTerminalSnr === true;
}
