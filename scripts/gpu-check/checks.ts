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

const notBuilt = (name: string, what: string): CheckEntry => ({
  name,
  seconds: 0,
  skipped: () => `${what} not built yet`,
  run: () => Promise.reject(new Error(`${what} not built yet.`)),
});

const trained = (
  method: DenoisingStep['method'],
  rows: number,
  way?: {
    readonly tuning?: DeviceTuning;
    readonly precision?: ComputePrecision;
    readonly recompute?: boolean;
  },
): Check => {
  return async (context) => (await import('./training.ts')).training(method, rows, way)(context);
};

/** LoRA in another way of CUDA's. */
const tuned = (name: string, tuning: DeviceTuning): CheckEntry => ({
  ...entry(name, 45, trained('lora', 1, { tuning })),
  skipped: (provider) => (provider === 'cuda' ? null : 'only CUDA has this choice'),
});

const graphs = 'CUDA graphs are';

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
  tuned('lora-1-float32', { tf32: false }),
  tuned('lora-1-any-order', { deterministic: false }),
  tuned('lora-1-no-pattern', { memoryPattern: false }),
  entry('lora-1-float16', 60, trained('lora', 1, { precision: 'float16' })),
  entry('full-1-float16', 90, trained('full', 1, { precision: 'float16' })),
  entry('sampling-float16', 60, async (context) =>
    (await import('./sampling.ts')).samplingIn('float16')(context),
  ),
  entry('decode-float16', 45, async (context) =>
    (await import('./sampling.ts')).decodingIn('float16')(context),
  ),
  entry('lora-1-recomputed', 60, trained('lora', 1, { recompute: true })),
  entry('full-1-recomputed', 90, trained('full', 1, { recompute: true })),
  notBuilt('lora-1-graphs', graphs),
  notBuilt('sampling-graphs', graphs),
];
