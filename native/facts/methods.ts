import { type OptimizerSettings, rateFor } from './optimizers.ts';

/** Ways of training; what each of them needs to know besides is in the run's job. */
export type MethodKind = 'full' | 'lora' | 'scratch' | 'text' | 'vae' | 'decoder';

/** A method, as far as it decides what is trained. */
export interface TrainingMethod {
  readonly kind: MethodKind;
  /** Whether the text encoders are trained along with the denoiser, where the method leaves the choice. */
  readonly textEncoder?: boolean;
}

/** What a model is made of, whatever its family calls the components. */
export type ModelPart = 'denoiser' | 'textEncoders' | 'autoencoder';

/** What a method trains: all weights of these parts, or a LoRA on them, or of the autoencoder its decoder. */
export function trainedParts({ kind, textEncoder }: TrainingMethod): readonly ModelPart[] {
  switch (kind) {
    case 'full':
    case 'lora':
      return textEncoder === true ? ['denoiser', 'textEncoders'] : ['denoiser'];
    case 'scratch':
      return textEncoder === false ? ['denoiser'] : ['denoiser', 'textEncoders'];
    case 'text':
      return ['textEncoders'];
    case 'vae':
    case 'decoder':
      return ['autoencoder'];
  }
}

/** Learning rates that suit a method under AdamW, where nobody chose one. */
export const defaultLearningRates: Readonly<Record<MethodKind, number>> = {
  full: 1e-5,
  lora: 1e-4,
  scratch: 1e-4,
  text: 1e-4,
  vae: 1e-4,
  decoder: 1e-4,
};

/** The learning rate of a run for which nobody chose one. */
export function usualLearningRate(method: MethodKind, { kind }: OptimizerSettings): number {
  return rateFor(defaultLearningRates[method], 'adamw', kind);
}
