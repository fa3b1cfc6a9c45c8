import { lossText } from '../contract/quantities.ts';
import type { EpochLosses } from '../runs/run-folder.ts';
import type { Prompt } from '../runs/run-prompts.ts';
import type { Label } from '../sheets/label.ts';

/** With the loss on the held-out images where there is one, else on those trained on. */
export function epochLabel(epoch: number, losses: readonly EpochLosses[]): Label {
  const loss = losses.find((entry) => entry.epoch === epoch);
  const measured = loss?.validationLoss ?? loss?.trainLoss ?? null;
  if (measured === null) return epoch === 0 ? { text: 'Base', note: 'epoch 0' } : { text: `Epoch ${epoch}` };
  const kind = loss?.validationLoss == null ? 'train' : 'held out';
  return {
    text: epoch === 0 ? 'Base' : `Epoch ${epoch}`,
    note: `${kind} ${lossText(measured)}`,
  };
}

/** What a picture was asked for; its seed where there are several. */
export function promptLabel({ prompt, negativePrompt }: Prompt, seed: number, showsSeed: boolean): Label {
  const notes = [
    ...(negativePrompt === '' ? [] : [`without ${negativePrompt}`]),
    ...(showsSeed ? [`seed ${seed}`] : []),
  ];
  return {
    text: prompt === '' ? '(no words)' : prompt,
    ...(notes.length > 0 ? { note: notes.join(', ') } : {}),
  };
}

/** For a line about how pictures are made; nothing where it is as usual. */
export function clipSkipText(clipSkip: number | undefined): string {
  return clipSkip !== undefined && clipSkip > 1 ? `clip skip ${clipSkip}, ` : '';
}
