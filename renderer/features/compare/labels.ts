import type { Axis } from '../../../electron/contract/gallery.ts';
import { methodName } from '../../../electron/contract/method-text.ts';
import { lossText } from '../../../electron/contract/quantities.ts';
import { promptText } from '../../components/prompt-text.ts';
import type { AxisValue, Coordinates } from './axes.ts';
import type { Book, ComparedRun } from './book.ts';
import type { Header } from './grid.ts';

/** What stands at the head of a column or row: what it is, and what is good to know of it. */
export interface Label {
  readonly text: string;
  readonly notes: readonly string[];
}

export const axisNames: Readonly<Record<Axis, { readonly one: string; readonly many: string }>> = {
  epoch: { one: 'Epoch', many: 'Epochs' },
  prompt: { one: 'Prompt', many: 'Prompts' },
  seed: { one: 'Seed', many: 'Seeds' },
  run: { one: 'Run', many: 'Runs' },
};

export function epochText(epoch: number): string {
  return epoch === 0 ? 'Base' : `Epoch ${epoch}`;
}

/** Which loss an epoch has: on held-out images where there are any, else the one trained on; null where neither was measured. */
export function epochLoss(run: ComparedRun | undefined, epoch: number): string | null {
  const losses = run?.losses.find((entry) => entry.epoch === epoch);
  if (losses?.validationLoss != null) return `held out ${lossText(losses.validationLoss)}`;
  if (losses?.trainLoss != null) return `train ${lossText(losses.trainLoss)}`;
  return null;
}

/** A header in words; losses are those of `standing`'s run. */
export function headerLabel(book: Book, header: Header, standing: Coordinates): Label {
  if (header.kind === 'held-out') return { text: 'Held out', notes: ['never trained on'] };
  return valueLabel(book, header.axis, header.value, standing);
}

export function valueLabel(book: Book, axis: Axis, value: AxisValue, standing: Coordinates): Label {
  switch (axis) {
    case 'epoch': {
      const loss = epochLoss(book.runs.get(standing.run), Number(value));
      const notes = value === 0 ? ['epoch 0'] : [];
      return { text: epochText(Number(value)), notes: loss === null ? notes : [loss] };
    }
    case 'prompt': {
      const prompt = book.prompts.get(String(value));
      if (prompt === undefined) return { text: String(value), notes: [] };
      const { negativePrompt } = prompt;
      return { text: promptText(prompt), notes: negativePrompt === '' ? [] : [`without ${negativePrompt}`] };
    }
    case 'seed':
      return { text: `Seed ${value}`, notes: [] };
    case 'run': {
      const run = book.runs.get(Number(value));
      if (run === undefined) return { text: `Run ${value}`, notes: [] };
      const loss = epochLoss(run, standing.epoch);
      return {
        text: run.name,
        notes: [`${run.captionSetName}, ${methodName(run.method)}`, ...(loss === null ? [] : [loss])],
      };
    }
  }
}

/** Where a picture stands, in one line: `Epoch 5, seed 0, my style`. */
export function placeText(book: Book, { run, epoch, seed }: Coordinates): string {
  const name = book.runs.get(run)?.name;
  return [epochText(epoch), `seed ${seed}`, ...(name === undefined ? [] : [name])].join(', ');
}
