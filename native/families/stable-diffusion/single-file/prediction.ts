import type { PredictionType } from '../../../facts/config-facts.ts';
import type { SingleFileParts, StatedPrediction } from '../../family.ts';
import type { Generation } from './made-out.ts';

export interface MadeOutPrediction extends StatedPrediction {
  /** Whether nothing says so. */
  readonly guessed: boolean;
}

/** Tensors without use but to say that the model predicts velocity, and that its last timestep is pure noise. */
export const velocityMark = 'v_pred';
export const zeroSnrMark = 'ztsnr';

/** Steps that the published base of the second generation was trained, which predicts noise; later models went on from it. */
const stepsOfBase = '875000';

/**
 * What the UNet predicts cannot be seen from its shapes. Who made the file may have said it: in its metadata, by a mark among
 * its tensors, or in a config of the original code beside it, which other tools ask for as well.
 */
export function madeOutPrediction(generation: Generation, parts: SingleFileParts): MadeOutPrediction {
  const said = parts.prediction ?? saidPrediction(generation, parts);
  if (said !== null) return { ...said, guessed: false };
  return generation === 1
    ? { type: 'epsilon', because: 'models of this kind do', guessed: false }
    : {
        type: 'v_prediction',
        because:
          'most models of this kind do; if this one does not, say so: by --prediction, in the studio, or by a .yaml file of its name beside it that says "parameterization: eps"',
        guessed: true,
      };
}

function saidPrediction(generation: Generation, { file, config }: SingleFileParts): StatedPrediction | null {
  const parameterization = /^\s*parameterization:\s*["']?(v|eps)\b/m.exec(config ?? '')?.[1];
  if (parameterization !== undefined)
    return { type: typeOf(parameterization === 'v'), because: 'the .yaml file beside it says so' };
  const stated = file.metadata.get('modelspec.prediction_type');
  if (stated === 'v' || stated === 'epsilon')
    return { type: typeOf(stated === 'v'), because: 'its metadata says so' };
  const architecture = file.metadata.get('modelspec.architecture') ?? '';
  if (architecture.startsWith('stable-diffusion-v2-'))
    return { type: typeOf(architecture.includes('768-v')), because: 'its metadata says so' };
  if (file.tensors.has(velocityMark))
    return { type: 'v_prediction', because: `it has the tensor ${velocityMark}` };
  if (generation === 2 && file.metadata.get('global_step') === stepsOfBase)
    return { type: 'epsilon', because: 'it was trained as long as the published base, which does' };
  return null;
}

function typeOf(velocity: boolean): PredictionType {
  return velocity ? 'v_prediction' : 'epsilon';
}
