/** What a whole model, or what was trained of it, is written as for other tools. */
export const modelFormats = ['diffusers', 'single-file', 'lora'] as const;

export type ModelFormat = (typeof modelFormats)[number];

/** Endings of files that may hold a whole model. */
export const modelFileEndings = ['safetensors', 'sft'] as const;

/** Whether a file of this name may hold a whole model. */
export function isModelFile(name: string): boolean {
  return modelFileEndings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
}
