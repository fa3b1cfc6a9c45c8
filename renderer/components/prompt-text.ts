import type { PromptData } from '../../electron/contract/values.ts';

/** A prompt as it stands in lists and beside pictures; the empty one has no words to show. */
export function promptText({ prompt }: Pick<PromptData, 'prompt'>): string {
  return prompt === '' ? '(no words)' : prompt;
}
