import type { SessionOptions } from './runtime.ts';

/** Session options that either way into ONNX Runtime sets by key. */
export function configEntries({
  disabledOptimizers = [],
  cpuFallback = true,
  arena = true,
}: SessionOptions): Readonly<Record<string, string>> {
  return {
    // A shape that contradicts the declared one is otherwise a warning, and the numbers are wrong.
    'session.strict_shape_type_inference': '1',
    // Training alternates between sessions: threads of one spinning for more work would slow down the next.
    'session.force_spinning_stop': '1',
    // On a machine with other work, spinning takes several times as long; on a quiet one, waking takes a fifth longer.
    ...(process.env.SCREENFOLD_SPIN === '0' && { 'session.intra_op.allow_spinning': '0' }),
    ...(arena && { 'session.use_env_allocators': '1' }),
    ...(!cpuFallback && { 'session.disable_cpu_ep_fallback': '1' }),
    ...(disabledOptimizers.length > 0 && {
      'optimization.disable_specified_optimizers': disabledOptimizers.join(';'),
    }),
  };
}
