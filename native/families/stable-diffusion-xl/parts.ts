import { cast, mul } from '../../graph/ops/elementwise.ts';
import { concat, reshape } from '../../graph/ops/shape.ts';
import {
  penultimateClipText,
  projectedClipText,
  type ProjectedClipTextConfig,
} from '../../models/clip-text.ts';
import { unet, unetStride } from '../../models/unet.ts';
import type { ClipTokenizer } from '../../tokenizer/clip-tokenizer.ts';
import type { Conditioning, Denoiser } from '../family.ts';
import type { XlConfigs, XlUNetConfig } from './configs.ts';
import { textEncoders } from './layout.ts';

export function xlDenoiser(config: XlUNetConfig): Denoiser {
  return {
    component: 'unet',
    channels: config.inChannels,
    stride: unetStride(config),
    predict: (model, { sample, timesteps, conditioning }) =>
      unet(model, config, {
        sample,
        timesteps,
        promptStates: conditioning.encoder_hidden_states!,
        addition: { text: conditioning.text_embeds!, facts: conditioning.time_ids! },
      }),
  };
}

export interface XlTexts extends Pick<XlConfigs, 'text' | 'projected'> {
  readonly tokenizers: readonly [Pick<ClipTokenizer, 'encode'>, Pick<ClipTokenizer, 'encode'>];
  /** Whether a text that is not given stands for zeros; else it is read as an empty one. */
  readonly zerosWithoutText: boolean;
}

/**
 * Two CLIPs side by side, of which the UNet reads what their last layers do; what the second makes of the text as a whole; and
 * the sizes of image and picture and where the one was cut out of the other (Podell et al. 2023, section 2.2).
 */
export function xlConditioning({ text, projected, tokenizers, zerosWithoutText }: XlTexts): Conditioning {
  return {
    encoders: textEncoders,
    tokens: {
      input_ids: { type: 'int64', shape: [text.positions] },
      input_ids_2: { type: 'int64', shape: [projected.positions] },
      // One where the text ends for the second, else zero; and one, or zero for the zeros that no text stands for.
      end: { type: 'float32', shape: [projected.positions] },
      told: { type: 'float32', shape: [1] },
    },
    tokenize: (caption) => {
      const [ids, second] = tokenizers.map((tokenizer) => tokenizer.encode(caption ?? '')) as [
        number[],
        number[],
      ];
      return {
        input_ids: ids,
        input_ids_2: second,
        end: second.map((_, place) => (place === endOf(second, projected) ? 1 : 0)),
        told: [caption === null && zerosWithoutText ? 0 : 1],
      };
    },
    states: {
      encoder_hidden_states: {
        type: 'float32',
        shape: [text.positions, text.hiddenSize + projected.hiddenSize],
      },
      text_embeds: { type: 'float32', shape: [projected.projectionSize] },
    },
    encode: (builders, { input_ids: ids, input_ids_2: second, end, told }) => {
      const first = penultimateClipText(builders('text_encoder'), text, ids!);
      const { penultimate, pooled } = projectedClipText(builders('text_encoder_2'), projected, second!, end!);
      const weight = cast(told!, first.type);
      const rows = reshape(weight, [weight.shape[0]!, 1, 1]);
      return {
        encoder_hidden_states: mul(concat([first, penultimate], 2), rows),
        text_embeds: mul(pooled, weight),
      };
    },
    facts: { time_ids: { type: 'float32', shape: [6] } },
    factsOf: ({ original, crop, width, height }) => ({
      time_ids: Float32Array.of(original.height, original.width, crop.top, crop.left, height, width),
    }),
  };
}

/** As transformers finds it: the first of the end tokens, or of the highest ids; the very first token where there is none. */
function endOf(ids: readonly number[], { endToken }: ProjectedClipTextConfig): number {
  return Math.max(0, ids.indexOf(endToken ?? Math.max(...ids)));
}
