/** What a file of weights is that is no whole model which can be used: told to the person who chose it. */
import { loraName } from '../facts/lora-facts.ts';
import { loraFactsOf } from '../weights/lora-facts.ts';
import { refusedKind } from '../weights/lora-kinds.ts';
import type { TensorFile } from '../weights/tensor-file.ts';

export interface FileKind {
  /** After "is": `a LoRA`. */
  readonly what: string;
  /** What to do with it, or instead of it. */
  readonly hint: string;
}

type Test = (names: readonly string[], file: TensorFile) => boolean;

const any =
  (pattern: RegExp): Test =>
  (names) =>
    names.some((name) => pattern.test(name));
const all =
  (pattern: RegExp): Test =>
  (names) =>
    names.length > 0 && names.every((name) => pattern.test(name));

const other = 'Choose a file of a whole Stable Diffusion 1.x, 2.x or XL model.';
const ownTool = `Screenfold does not train models of this kind. ${other}`;

const inputChannels = ({ tensors }: TensorFile): number | undefined =>
  tensors.get('model.diffusion_model.input_blocks.0.0.weight')?.shape[1];

/** The first that fits is it; the more particular come first. */
const kinds: readonly (readonly [Test, FileKind])[] = [
  [
    any(/\.lora_(?:down|up|A|B)\b|\.lora(?:_linear_layer)?\.(?:down|up)\./),
    { what: 'a LoRA for another kind of model', hint: ownTool },
  ],
  [any(/^control_model\.|\binput_hint_block\./), { what: 'a ControlNet', hint: ownTool }],
  [any(/(?:^|\.)joint_blocks\.\d/), { what: 'a Stable Diffusion 3 model', hint: ownTool }],
  [any(/(?:^|\.)double_blocks\.\d.*\.img_/), { what: 'a Flux model', hint: ownTool }],
  [
    any(/^edm_(?:mean|std)$/),
    { what: 'an SDXL model that was trained with other noise (EDM)', hint: ownTool },
  ],
  [any(/^conditioner\.embedders\.0\.model\./), { what: 'an SDXL refiner', hint: ownTool }],
  [
    (names, file) =>
      names.some((name) => name.startsWith('conditioner.embedders.')) && inputChannels(file) === 9,
    { what: 'an SDXL inpainting model', hint: `Inpainting models cannot be trained here. ${other}` },
  ],
  [
    any(/^conditioner\.embedders\.1\./),
    { what: 'an SDXL model', hint: `It is incomplete, or built in another way. ${other}` },
  ],
  [any(/(?:^|\.)label_emb\.0\.0\.weight$/), { what: 'the UNet of an SDXL model', hint: other }],
  [
    (names) =>
      ['transformer.', 'model.'].every((encoder) =>
        names.some((name) => name.startsWith(`cond_stage_model.${encoder}`)),
      ),
    { what: 'two models in one file', hint: other },
  ],
  [
    (_, file) => inputChannels(file) === 9,
    { what: 'an inpainting model', hint: `Inpainting models cannot be trained here. ${other}` },
  ],
  [
    (_, file) => inputChannels(file) === 8,
    { what: 'a model that edits pictures (InstructPix2Pix)', hint: ownTool },
  ],
  [(_, file) => inputChannels(file) === 5, { what: 'a model that is guided by depth', hint: ownTool }],
  [(_, file) => inputChannels(file) === 7, { what: 'a model that enlarges pictures', hint: ownTool }],
  [
    all(/^(?:first_stage_model\.)?(?:encoder|decoder|quant_conv|post_quant_conv|loss)\./),
    {
      what: 'a VAE alone',
      hint: 'To use it with a model in one file, put it beside that under the same name, ending in .vae.safetensors.',
    },
  ],
  [
    any(/^(?:down_blocks|mid_block|time_embedding)\./),
    {
      what: 'the UNet of a diffusers folder, without the rest',
      hint: 'Choose the folder that holds model_index.json.',
    },
  ],
  [
    all(
      /^(?:text_model|transformer|encoder|embeddings|shared|token_embedding|positional_embedding|ln_final|text_projection|logit_scale|vision_model|visual|visual_projection)\b/,
    ),
    { what: 'a text encoder alone', hint: other },
  ],
  [
    any(/^(?:transformer_blocks|single_transformer_blocks|blocks|layers)\.\d/),
    { what: 'a transformer of another kind of model', hint: ownTool },
  ],
];

function howToUse(path: string): string {
  return `It lies over a model and is none itself. In the studio, add it under Models and choose it on the prompt bench; at the command line: screenfold generate <model> --lora ${path}:0.8 --prompt <words>.`;
}

/** Told by the names of its tensors, and by some of their shapes. */
export function whatFile(file: TensorFile): FileKind {
  const names = [...file.tensors.keys()];
  const refused = refusedKind(names);
  if (refused !== null) return { what: refused.what, hint: `${refused.because} ${other}` };
  const lora = loraFactsOf(file);
  if (lora !== null) return { what: `a ${loraName(lora)}`, hint: howToUse(file.path) };
  const found = kinds.find(([test]) => test(names, file));
  return found?.[1] ?? { what: 'not a model that Screenfold knows', hint: other };
}
