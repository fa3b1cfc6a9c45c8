import type { Method } from '../../native/jobs.ts';
import type { RunSpec } from './run-spec.ts';

const names: Readonly<Record<string, string>> = {
  full: 'full finetuning',
  lora: 'LoRA',
  scratch: 'from scratch',
  text: 'text encoder',
  vae: 'VAE',
  decoder: 'decoder',
} satisfies Readonly<Record<Method['kind'], string>>;

/** What a method is called, in two words; a kind that this version does not know is called what it is. */
export function methodName(kind: string): string {
  return names[kind] ?? kind;
}

/** A method with its settings, in a line. */
export function methodText(method: Method | RunSpec['method']): string {
  const trained = 'textEncoder' in method && method.textEncoder ? 'UNet and text encoder' : 'UNet';
  switch (method.kind) {
    case 'full':
      return `full finetuning of ${trained}`;
    case 'lora':
      return `LoRA of rank ${method.rank}, alpha ${method.alpha ?? method.rank}, on ${trained}`;
    case 'scratch': {
      const frozen = 'textEncoder' in method && !method.textEncoder;
      return `UNet${frozen ? '' : ' and text encoder'} from scratch`;
    }
    case 'text':
      return 'text encoder, by how well captions tell pictures apart';
    case 'vae':
      return `VAE, KL weight ${method.kl}`;
    case 'decoder':
      return `decoder of the VAE, on latents with noise of up to ${method.latentNoise}`;
  }
}
