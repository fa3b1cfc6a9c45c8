import type { CaptionerKind } from '../../native/facts/captioning.ts';
import { Failure } from '../../native/failure.ts';
import { hub } from './starters.ts';

/** A captioning model that is published, and offered to whoever has none. */
export interface PublishedCaptioner {
  readonly id: string;
  readonly name: string;
  readonly kind: CaptionerKind;
  readonly publisher: string;
  /** Of its files together, about; what they are exactly is told by their server. */
  readonly bytes: number;
  readonly licence: string;
  /** The page it is published on. */
  readonly page: string;
  /** Where its files lie: an address that ends with a slash. */
  readonly address: string;
  readonly files: readonly string[];
  /** Taken where they are there. */
  readonly extras: readonly string[];
  readonly suits: string;
}

const tagger = (name: string) => ({
  ...({ kind: 'tagger', publisher: 'SmilingWolf', licence: 'Apache 2.0' } as const),
  page: `${hub}/SmilingWolf/${name}`,
  address: `${hub}/SmilingWolf/${name}/resolve/main/`,
  files: ['selected_tags.csv', 'model.onnx'],
  extras: [],
});

/**
 * Captioning models that people use, as their pages have them. Sums are not written down here: the hub tells those of its
 * large files with the way to them, and every model is opened and tried before it counts.
 */
export const publishedCaptioners: readonly PublishedCaptioner[] = [
  {
    id: 'wd-vit-tagger-v3',
    name: 'WD ViT tagger v3',
    ...tagger('wd-vit-tagger-v3'),
    bytes: 379_000_000,
    suits: 'Danbooru tags for drawings and anime, with characters by name. The fastest tagger of the list.',
  },
  {
    id: 'wd-swinv2-tagger-v3',
    name: 'WD SwinV2 tagger v3',
    ...tagger('wd-swinv2-tagger-v3'),
    bytes: 467_000_000,
    suits: 'The same tags, a little more reliable and slower.',
  },
  {
    id: 'wd-eva02-large-tagger-v3',
    name: 'WD EVA02 large tagger v3',
    ...tagger('wd-eva02-large-tagger-v3'),
    bytes: 1_260_000_000,
    suits: 'The same tags, the most reliable of the three. Several times slower; best with a graphics card.',
  },
  {
    id: 'florence-2-base-ft',
    name: 'Florence-2 base',
    kind: 'florence-2',
    publisher: 'Microsoft; as ONNX by onnx-community',
    bytes: 1_086_000_000,
    licence: 'MIT',
    page: `${hub}/onnx-community/Florence-2-base-ft`,
    address: `${hub}/onnx-community/Florence-2-base-ft/resolve/main/`,
    // In float32: of the rounded decoders, newer versions of ONNX Runtime refuse some.
    files: [
      ...['config.json', 'generation_config.json', 'preprocessor_config.json', 'tokenizer.json'],
      ...['tokenizer_config.json', 'onnx/vision_encoder.onnx', 'onnx/embed_tokens.onnx'],
      ...['onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx'],
    ],
    extras: [],
    suits:
      'Sentences about photographs and drawings, short or as a paragraph. The best at sentences of the list.',
  },
  {
    id: 'blip-image-captioning-base',
    name: 'BLIP base',
    kind: 'blip',
    publisher: 'Salesforce; as ONNX by ningpp',
    bytes: 991_000_000,
    licence: 'BSD 3-Clause',
    page: `${hub}/ningpp/blip-image-captioning-base-ONNX`,
    address: `${hub}/ningpp/blip-image-captioning-base-ONNX/resolve/main/`,
    files: [
      ...['config.json', 'preprocessor_config.json', 'tokenizer.json'],
      ...['blip_vision_encoder.onnx', 'blip_text_decoder.onnx'],
    ],
    extras: ['tokenizer_config.json', 'generation_config.json'],
    suits: 'One short sentence for each picture, as many older data sets were captioned.',
  },
];

/** @throws Failure `captioner-unknown` */
export function publishedCaptionerOf(
  id: string,
  among: readonly PublishedCaptioner[] = publishedCaptioners,
): PublishedCaptioner {
  const captioner = among.find((one) => one.id === id);
  if (captioner !== undefined) return captioner;
  throw new Failure(
    'captioner-unknown',
    `There is no captioning model called ${id} in the list.`,
    `The list has ${among.map((one) => one.id).join(', ')}.`,
  );
}
