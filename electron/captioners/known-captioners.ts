import type { KnownCaptioner } from '../contract/captioners.ts';

const hub = 'https://huggingface.co';

/**
 * Captioning models that people use, for whoever has none. Sizes are those their pages name. No sums of these files are
 * published where they could be checked, so nothing here is fetched by Screenfold: a person gets the files and gives their folder.
 */
export const knownCaptioners: readonly KnownCaptioner[] = [
  {
    id: 'wd-vit-tagger-v3',
    name: 'WD ViT tagger v3',
    kind: 'tagger',
    bytes: 379_000_000,
    licence: 'Apache 2.0',
    page: `${hub}/SmilingWolf/wd-vit-tagger-v3`,
    files: ['model.onnx', 'selected_tags.csv'],
    suits:
      'Tags as Danbooru has them, for drawings and anime, with characters by name. The fastest of these.',
  },
  {
    id: 'wd-swinv2-tagger-v3',
    name: 'WD SwinV2 tagger v3',
    kind: 'tagger',
    bytes: 467_000_000,
    licence: 'Apache 2.0',
    page: `${hub}/SmilingWolf/wd-swinv2-tagger-v3`,
    files: ['model.onnx', 'selected_tags.csv'],
    suits: 'The same tags, a little surer and slower.',
  },
  {
    id: 'florence-2-base-ft',
    name: 'Florence-2 base',
    kind: 'florence-2',
    bytes: 1_086_000_000,
    licence: 'MIT',
    page: `${hub}/onnx-community/Florence-2-base-ft`,
    files: [
      ...['config.json', 'generation_config.json', 'preprocessor_config.json', 'tokenizer.json'],
      ...['tokenizer_config.json', 'onnx/vision_encoder.onnx', 'onnx/embed_tokens.onnx'],
      ...['onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx'],
    ],
    suits:
      'Sentences about photographs and drawings, short or of a paragraph. The best of these at sentences.',
  },
  {
    id: 'blip-image-captioning-large',
    name: 'BLIP large',
    kind: 'blip',
    bytes: 1_880_000_000,
    licence: 'BSD 3-Clause',
    page: `${hub}/ningpp/blip-image-captioning-large-ONNX`,
    files: [
      ...['config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json'],
      'the graphs of its vision model and its text decoder (.onnx)',
    ],
    suits: 'One short sentence for each picture, as many older data sets were captioned.',
  },
];
