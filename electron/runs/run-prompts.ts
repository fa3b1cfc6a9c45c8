import { evenly } from '../../native/facts/evenly.ts';
import { asPlainPrompt } from '../../native/facts/plain-prompt.ts';
import type { SamplesSpec } from '../contract/run-spec.ts';
import type { Run } from './run-folder.ts';

export type Prompt = SamplesSpec['prompts'][number];

const promptsFromCaptions = 4;

/** The prompts a run's pictures are made of where nobody named others. */
export function promptsOf({ spec, job }: Run): readonly Prompt[] {
  if (spec.samples.prompts.length > 0) return spec.samples.prompts;
  const images = job.validation.length > 0 ? job.validation : job.images;
  const captions = new Set(images.flatMap((image) => image.captions.slice(0, 1)));
  const said = [...captions].filter((caption) => caption.trim() !== '');
  // Where nothing is said of any image, that is what pictures are made of. Files next to each other are often much alike.
  return evenly(said.length > 0 ? said : [...captions], promptsFromCaptions).map((caption) => ({
    prompt: promptOfCaption(caption),
    negativePrompt: '',
  }));
}

/** Brackets of a caption weigh nothing in training, and so in a picture made of it. */
export function promptOfCaption(caption: string): string {
  return asPlainPrompt(caption);
}

/** Whether a prompt is one of these captions; those of runs from before brackets weighed words have them as they are. */
export function isPromptOf(prompt: string, captions: readonly string[]): boolean {
  return captions.some((caption) => caption === prompt || promptOfCaption(caption) === prompt);
}
