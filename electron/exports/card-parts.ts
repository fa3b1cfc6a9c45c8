import type { ExportProof, TrainJob } from '../../native/jobs.ts';
import { countOf } from '../contract/quantities.ts';

/** A LoRA that was merged into an exported model. */
export interface MergedLora {
  readonly name: string;
  readonly strength: number;
  /** As its maker states it, or null. */
  readonly licence: string | null;
}

/** Where both pictures of an export lie, as seen from its card, and how they came out. */
export interface ShownProof {
  readonly picture: string;
  readonly prompt: string;
  readonly seed: number;
  readonly found: ExportProof;
}

/** The YAML head, by which hubs know a model. Only a licence that holds for all of it is told there. */
export function cardHead(
  base: string,
  {
    baseLicence,
    loras,
    isLora,
    isWord = false,
  }: {
    readonly baseLicence: string | null;
    readonly loras: readonly MergedLora[];
    readonly isLora: boolean;
    readonly isWord?: boolean;
  },
): string {
  const tags = [
    'stable-diffusion',
    'text-to-image',
    'diffusers',
    ...(isLora ? ['lora'] : []),
    ...(isWord ? ['textual_inversion'] : []),
  ];
  const holds = baseLicence !== null && loras.every(({ licence }) => licence === baseLicence);
  return [
    '---',
    // JSON's strings are YAML's too, and need no guessing about what YAML takes for something else.
    `base_model: ${JSON.stringify(base)}`,
    ...(holds ? [`license: ${JSON.stringify(baseLicence)}`] : []),
    'tags:',
    ...tags.map((tag) => `  - ${tag}`),
    '---',
  ].join('\n');
}

/** How programs are told a new word. Nothing of a run that taught none. */
export function wordSection({ method }: Pick<TrainJob, 'method'>): readonly string[] {
  if (method.kind !== 'embedding') return [];
  const { word } = method;
  return [
    '## How to use it',
    [
      '- A1111: put the file into `embeddings/`. Prompts say its name without the ending, so call it what they are to say.',
      '- ComfyUI: put it into `models/embeddings/`. Prompts say `embedding:` and its name.',
      `- diffusers: \`pipeline.load_textual_inversion(file, token=${JSON.stringify(word)})\`; of Stable Diffusion XL each of its two tensors, \`clip_l\` and \`clip_g\`, with its text encoder and tokenizer.`,
      `- Screenfold: prompts say ${inline(word)}, whatever the file is called.`,
    ].join('\n'),
  ];
}

/** Nothing where none was merged. */
export function lorasSection(loras: readonly MergedLora[]): readonly string[] {
  if (loras.length === 0) return [];
  const rows = loras.map(
    ({ name, strength, licence }) =>
      `| ${inline(name)} | ${strength} | ${licence === null ? 'not stated' : inline(licence)} |`,
  );
  return ['## LoRAs merged', ['| LoRA | Strength | Licence |', '|---|---|---|', ...rows].join('\n')];
}

/** Nothing of a format that needs no word. @param pixelStep of an ONNX pipeline: edges of its pictures are multiples of this */
export function graphsSection(pixelStep: number | undefined): readonly string[] {
  if (pixelStep === undefined) return [];
  return [
    `Graphs for ONNX Runtime in the layout of Optimum (\`ORTDiffusionPipeline.from_pretrained\`). They draw any number of ` +
      `pictures at a time, with edges that are multiples of ${pixelStep} pixels.`,
  ];
}

/** Nothing where nothing was drawn. */
export function proofSection(proof: ShownProof | null): readonly string[] {
  if (proof === null) return [];
  const { picture, prompt, seed, found } = proof;
  const { steps, clipSkip, mean, most, allowed } = found;
  const skipped = clipSkip === undefined ? '' : ` at a clip skip of ${clipSkip}`;
  return [
    '## Proof',
    `![The same picture by the model this was made of, left, and by this export, right](${picture})`,
    `The export was opened again and drew “${inline(prompt)}” with the seed ${seed} in ${countOf(steps, 'step')}${skipped}, as the model it was ` +
      `made of had done: left that one, right this. Of 255 steps of brightness the two differ by ${mean.toFixed(2)} on ` +
      `average and ${most} at most; ${allowed.mean} and ${allowed.most} were allowed.`,
  ];
}

export function licenceText(baseLicence: string | null, loras: readonly MergedLora[] = []): string {
  const base =
    baseLicence === null
      ? 'The base does not state its licence here; find it where the base came from.'
      : `The base states \`${inline(baseLicence)}\`.`;
  const merged =
    loras.length === 0
      ? ''
      : ' The terms of the LoRAs merged hold as well; where none is stated above, find it where the LoRA came from.';
  return `${base}${merged} What was made from a model stays under the terms of that model, and the rights in the training images stay with whoever holds them.`;
}

export function provenance(
  software: string,
  date: string,
  hashes: Readonly<Record<string, string>>,
): readonly string[] {
  return [
    '## Provenance',
    `Made with ${software} on ${date}. SHA-256 of the weights:`,
    Object.entries(hashes)
      .map(([file, hash]) => `- \`${file}\`: \`${hash}\``)
      .join('\n'),
  ];
}

/** Text that stays one line and text in Markdown, whatever is in it. */
export function inline(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|#]/g, '\\$&')
    .trim();
}
