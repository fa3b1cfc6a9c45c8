import type { LoraFacts } from '../facts/lora-facts.ts';
import { Failure } from '../failure.ts';
import { loraFactsOf } from '../weights/lora-facts.ts';
import type { LoraLayout } from '../weights/lora-names.ts';
import { openLora } from '../weights/lora-reader.ts';
import { openTensorFile } from '../weights/open-tensor-file.ts';
import { familyOf } from './families.ts';
import { readBaseConfigs } from './open-base.ts';
import { whatFile } from './what-file.ts';

/**
 * What a LoRA's file says of it; its numbers are not read.
 *
 * @throws Failure `not-a-lora` for a file of anything else, which is named; those of opening it
 */
export async function readLoraFacts(path: string): Promise<LoraFacts> {
  const file = await openTensorFile(path);
  try {
    const facts = loraFactsOf(file);
    if (facts !== null) return facts;
    throw new Failure(
      'not-a-lora',
      `${path} is ${whatFile(file).what}, not a LoRA that can be used here.`,
      'Choose a LoRA, LoCon or DoRA in kohya’s, PEFT’s or diffusers’ format.',
    );
  } finally {
    await file.close();
  }
}

/** The modules of a model that a LoRA may be on. Builds the model. Throws as `readBaseConfigs`. */
export async function readLoraLayout(model: string): Promise<LoraLayout> {
  const configs = await readBaseConfigs(model);
  return familyOf(configs.layout).loraLayout(configs);
}

/**
 * Whether a LoRA can be laid over a model that has these modules.
 *
 * @throws Failure as `openLora` says why not
 */
export async function checkLoraFits(lora: string, layout: LoraLayout): Promise<void> {
  const { close } = await openLora(lora, layout);
  await close();
}
