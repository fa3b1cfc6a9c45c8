/** What a whole model, or what was trained of it, is written as for other tools. */
export const modelFormats = ['diffusers', 'single-file', 'lora', 'onnx', 'embedding'] as const;

export type ModelFormat = (typeof modelFormats)[number];

/** Whose names the tensors of a LoRA file have. */
export const loraFileNames = ['kohya', 'peft'] as const;

export type LoraFileNames = (typeof loraFileNames)[number];

/** Whose names the tensor of a new word's file has: A1111's and kohya's `emb_params`, or as diffusers has it the word itself. */
export const embeddingFileNames = ['a1111', 'diffusers'] as const;

export type EmbeddingFileNames = (typeof embeddingFileNames)[number];

/** Whether it is a folder; else a file. */
export function isFolderFormat(format: ModelFormat): boolean {
  return format === 'diffusers' || format === 'onnx';
}

/**
 * Whether tools can make out a model of such latents from one file: that says nothing of its sizes, and all of Stable Diffusion
 * to XL have four channels. Others may still be found not to fit when they are written.
 */
export function mayFitInFile({ latentChannels }: { readonly latentChannels: number }): boolean {
  return latentChannels === 4;
}

/** What the name of a file of this format ends in; folders have no ending. */
export function endingOf(format: ModelFormat): string {
  return isFolderFormat(format) ? '' : '.safetensors';
}

/** Endings of files that may hold a whole model, or a LoRA. */
export const modelFileEndings = ['safetensors', 'sft', 'ckpt', 'pt', 'bin'] as const;

/** What the name of a note ends in that says of a model what its files do not: native/files/model-note.ts. */
export const modelNoteEnding = '.model.json';

export function isModelNote(name: string): boolean {
  return name.toLowerCase().endsWith(modelNoteEnding);
}

/** Folders that there may be in the folder of a model, as diffusers and pipelines of ONNX have them. */
export const modelFolders = [
  ...['unet', 'vae', 'vae_encoder', 'vae_decoder', 'scheduler', 'feature_extractor', 'safety_checker'],
  ...['text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2'],
] as const;

/** Parts that one model may lend to another; the second stands for all the text encoders that a model has. */
export const lentParts = ['vae', 'text_encoder'] as const;

export type LentPart = (typeof lentParts)[number];

/** The name of a model in a file: the file's without its ending. */
export function modelNameOf(file: string): string {
  if (isModelNote(file)) return file.slice(0, -modelNoteEnding.length);
  const ending = modelFileEndings.find((one) => file.toLowerCase().endsWith(`.${one}`));
  return ending === undefined ? file : file.slice(0, -ending.length - 1);
}

/** Whether a file of this name may hold a whole model. */
export function isModelFile(name: string): boolean {
  return modelFileEndings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
}
