import { fitsInto } from '../../native/facts/usable-memory.ts';
import { memoryText } from './quantities.ts';

/** What a training step takes of memory, in bytes. */
export interface MemoryParts {
  readonly weights: number;
  readonly gradients: number;
  readonly state: number;
  readonly activations: number;
  readonly workspace: number;
  readonly program: number;
  /** Whether for want of memory activations are computed again that it would be quicker to keep. */
  readonly recompute: boolean;
}

/** What machines and cards are sold with, in GiB, which are called GB there. */
const soldSizes = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

/** The smallest memory that machines and cards are sold with in which so much fits; null where none is that large. */
export function fitsIn(bytes: number): string | null {
  const size = soldSizes.find((gib) => fitsInto(bytes, gib * 2 ** 30));
  return size === undefined ? null : `fits in ${size} GB`;
}

/** What the memory of a step is made of; `null`: of what is not known. */
export function memoryNote(parts: MemoryParts | null): string {
  if (parts === null) return 'weights, gradients and moments; activations come on top';
  const { weights, gradients, state, activations, workspace, program, recompute } = parts;
  const list = [
    `weights ${memoryText(weights)}`,
    `gradients and moments ${memoryText(gradients + state)}`,
    `activations ${memoryText(activations + workspace)}${recompute ? ', some of them computed again to save memory' : ''}`,
    `the engine itself ${memoryText(program)}`,
  ];
  return list.join(', ');
}

/** Changes that together make a step fit, and what it then takes. */
export interface FittingWay {
  readonly savings: readonly ('one image at a time' | 'AdamW in 8 bits' | 'fused backward pass' | 'LoRA')[];
  readonly bytes: number;
}

/** What each change is called by whoever can make it. */
export type SavingTexts = Readonly<Record<FittingWay['savings'][number], string>>;

/** As the page's form has them. */
const formSavings: SavingTexts = {
  'one image at a time': 'one image at a time (“Images at once”)',
  'AdamW in 8 bits': 'the optimizer “AdamW, 8-bit”',
  'fused backward pass': 'a fused backward pass',
  LoRA: 'the method LoRA',
};

/** Whether a step fits, and what would make it; null where it does. */
export function doesNotFit(
  needed: number,
  available: number | null,
  ways: readonly FittingWay[],
  texts: SavingTexts = formSavings,
): string | null {
  if (available === null || fitsInto(needed, available)) return null;
  const what = `A step needs ${memoryText(needed)} of memory, too much for the ${memoryText(available)} that there are.`;
  if (ways.length === 0) return `${what} Take a smaller model or resolution.`;
  const list = ways.map(
    ({ savings, bytes }) => `${savings.map((saving) => texts[saving]).join(' with ')} (${memoryText(bytes)})`,
  );
  return `${what} It would fit with ${list.join(', or with ')}.`;
}

/** Of a GPU that has enough memory, but not free at this moment; null where it has. */
export function inUse(needed: number, available: number | null, free: number | null): string | null {
  if (available === null || free === null || needed <= free) return null;
  const [used, all, wanted] = [available - free, available, needed].map(memoryText);
  return `Other programs use ${used} of the GPU’s ${all}, and this run needs ${wanted}. Close what else uses the GPU first.`;
}
