import { optimizerFacts, optimizerKinds } from '../../../electron/contract/optimizer-spec.ts';
import type { RunRequest } from '../../../electron/contract/runs.ts';
import { numberText } from '../../components/number-text.ts';

export interface SweptChoice {
  readonly value: string;
  readonly label: string;
}

const byPath: Readonly<Record<string, readonly SweptChoice[]>> = {
  'train.optimizer.kind': optimizerKinds.map((value) => ({ value, label: optimizerFacts[value].label })),
  'train.schedule': [
    { value: 'constant', label: 'Constant' },
    { value: 'linear', label: 'Linear to 0' },
    { value: 'cosine', label: 'Cosine to 0' },
  ],
  'train.loss.kind': [
    { value: 'mse', label: 'Squared' },
    { value: 'huber', label: 'Huber' },
    { value: 'smooth-l1', label: 'Smooth L1' },
  ],
  'method.kind': [
    { value: 'full', label: 'Full finetuning' },
    { value: 'lora', label: 'LoRA' },
  ],
};

/** What may be tried of a setting that is chosen and not written; null of a number. */
export function choicesOf(path: string): readonly SweptChoice[] | null {
  return byPath[path] ?? null;
}

/** Which settings this run has. A word has nothing to be tried beside another method. */
export function hasSwept({ method }: RunRequest, path: string): boolean {
  if (path === 'method.kind') return method.kind === 'full' || method.kind === 'lora';
  return method.kind === 'lora' || !path.startsWith('method.');
}

/** For the field whose own value counts for nothing while several are tried out; undefined while none are. */
export function triedOut({ sweep = [] }: RunRequest, path: string): string | undefined {
  const values = sweep.find((own) => own.path === path)?.values.filter((value) => !Number.isNaN(value)) ?? [];
  if (values.length === 0) return undefined;
  const choices = choicesOf(path);
  const texts = [...new Set(values)].map((value) =>
    typeof value === 'number'
      ? numberText(value)
      : (choices?.find((choice) => choice.value === value)?.label ?? String(value)),
  );
  return `Tried out below: ${texts.join(', ')}`;
}

/** What the form has chosen now. */
export function chosenNow({ train, method }: RunRequest, path: string): string {
  switch (path) {
    case 'train.optimizer.kind':
      return train.optimizer.kind;
    case 'train.schedule':
      return train.schedule;
    case 'train.loss.kind':
      return train.loss.kind;
    default:
      return method.kind;
  }
}
