import type { ComputePrecision } from '../../native/facts/precision.ts';
import type { DeviceTuning, Provider } from '../../native/runtime/runtime.ts';
import type { DenoisingStep } from '../full-size/denoising-step.ts';
import type { Check } from './check.ts';

export interface CheckEntry {
  readonly name: string;
  /** After this it is ended. */
  readonly seconds: number;
  /** Why it is not made on a provider; null where it is. */
  readonly skipped: (provider: Provider) => string | null;
  readonly run: Check;
}

const entry = (name: string, seconds: number, run: Check): CheckEntry => ({
  name,
  seconds,
  skipped: () => null,
  run,
});

const trained = (
  method: DenoisingStep['method'],
  rows: number,
  way?: {
    readonly tuning?: DeviceTuning;
    readonly precision?: ComputePrecision;
    readonly recompute?: boolean;
    readonly waits?: boolean;
  },
): Check => {
  return async (context) => (await import('./training.ts')).training(method, rows, way)(context);
};

const onCuda = (check: CheckEntry): CheckEntry => ({
  ...check,
  skipped: (provider) => (provider === 'cuda' ? null : 'only CUDA has this choice'),
});

/** LoRA in another way of CUDA's. */
const tuned = (name: string, tuning: DeviceTuning): CheckEntry =>
  onCuda(entry(name, 45, trained('lora', 1, { tuning })));

/** In the order they are made: first whether it is right, then how fast it is, then how it could be faster. */
export const checks: readonly CheckEntry[] = [
  entry('operators', 45, async (context) => (await import('./operators.ts')).operators(context)),
  entry('kernels', 75, async (context) => (await import('./kernels.ts')).kernels(context)),
  entry('kernels-float16', 45, async (context) => (await import('./kernels.ts')).float16Kernels(context)),
  entry('models-float16', 45, async (context) =>
    (await import('./models-float16.ts')).float16Models(context),
  ),
  entry('optimizers', 30, async (context) => (await import('./optimizers.ts')).optimizers(context)),
  entry('losses-full', 45, async (context) => (await import('./losses.ts')).fullLosses(context)),
  entry('losses-lora', 45, async (context) => (await import('./losses.ts')).loraLosses(context)),
  entry('losses-full-float16', 45, async (context) =>
    (await import('./losses.ts')).fullLossesInHalf(context),
  ),
  entry('losses-lora-float16', 45, async (context) =>
    (await import('./losses.ts')).loraLossesInHalf(context),
  ),
  entry('pictures', 60, async (context) => (await import('./pictures.ts')).pictures(context)),
  entry('placement', 75, async (context) => (await import('./placement.ts')).placement(context)),
  entry('resume', 90, async (context) => (await import('./resume.ts')).resume(context)),
  entry('lora-1', 60, trained('lora', 1)),
  entry('lora-4', 60, trained('lora', 4)),
  entry('full-1', 90, trained('full', 1)),
  entry('sampling', 60, async (context) => (await import('./sampling.ts')).samplingIn('float32')(context)),
  entry('decode', 45, async (context) => (await import('./sampling.ts')).decodingIn('float32')(context)),
  entry('lora-1-waiting', 45, trained('lora', 1, { waits: true })),
  onCuda(
    entry('losses-graphs', 60, async (context) => (await import('./losses.ts')).lossesOfGraphs(context)),
  ),
  onCuda(
    entry('losses-one-stream', 45, async (context) =>
      (await import('./losses.ts')).lossesOfOneStream(context),
    ),
  ),
  tuned('lora-1-graphs', { cudaGraphs: true }),
  tuned('lora-1-tf32', { tf32: true }),
  tuned('lora-1-exhaustive', { convSearch: 'exhaustive' }),
  tuned('lora-1-any-order', { deterministic: false }),
  tuned('lora-1-pattern', { memoryPattern: true }),
  tuned('lora-1-one-stream', { oneStream: true }),
  entry('lora-1-float16', 60, trained('lora', 1, { precision: 'float16' })),
  entry('full-1-float16', 90, trained('full', 1, { precision: 'float16' })),
  entry('sampling-float16', 60, async (context) =>
    (await import('./sampling.ts')).samplingIn('float16')(context),
  ),
  entry('decode-float16', 45, async (context) =>
    (await import('./sampling.ts')).decodingIn('float16')(context),
  ),
  entry('lora-1-recomputed', 60, trained('lora', 1, { recompute: true })),
  onCuda(
    entry(
      'lora-1-recomputed-one-stream',
      60,
      trained('lora', 1, { recompute: true, tuning: { oneStream: true } }),
    ),
  ),
  entry('full-1-recomputed', 90, trained('full', 1, { recompute: true })),
  onCuda(
    entry(
      'lora-1-float16-graphs',
      60,
      trained('lora', 1, { precision: 'float16', tuning: { cudaGraphs: true } }),
    ),
  ),
  onCuda(
    entry(
      'full-1-float16-graphs',
      90,
      trained('full', 1, { precision: 'float16', tuning: { cudaGraphs: true } }),
    ),
  ),
  onCuda(
    entry('sampling-graphs', 60, async (context) =>
      (await import('./sampling.ts')).samplingIn('float16', { cudaGraphs: true })(context),
    ),
  ),
];
