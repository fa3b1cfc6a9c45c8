import { bytesText } from './quantities.ts';

/** What a training step takes of memory, in bytes. */
export interface MemoryParts {
  readonly weights: number;
  readonly gradients: number;
  readonly state: number;
  readonly activations: number;
  readonly workspace: number;
  readonly program: number;
  /** Whether what is inside of modules is computed again rather than kept. */
  readonly recompute: boolean;
}

/** What the memory of a step is made of; `null`: of what is not known. */
export function memoryNote(parts: MemoryParts | null): string {
  if (parts === null) return 'weights, gradients and moments; activations come on top';
  const { weights, gradients, state, activations, workspace, program, recompute } = parts;
  const list = [
    `weights ${bytesText(weights)}`,
    `gradients and moments ${bytesText(gradients + state)}`,
    recompute
      ? `activations ${bytesText(activations + workspace)}, as most are computed again rather than kept`
      : `activations ${bytesText(activations)}`,
    `the engine itself ${bytesText(program)}`,
  ];
  return list.join(', ');
}
