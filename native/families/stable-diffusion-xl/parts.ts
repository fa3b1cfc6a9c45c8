import type { ReadingWay } from '../../facts/caption-reading.ts';
import type { Value } from '../../graph/graph.ts';
import { cast, mul } from '../../graph/ops/elementwise.ts';
import { concat, reshape, slice } from '../../graph/ops/shape.ts';
import {
  penultimateClipText,
  projectedClipText,
  type ProjectedClipTextConfig,
} from '../../models/clip-text.ts';
import { unet, unetStride } from '../../models/unet.ts';
import {
  areOnes,
  captionIds,
  type ChunkTokenizer,
  promptChunks,
  type TokenChunk,
} from '../../tokenizer/text-chunks.ts';
import { asChunks, endToEnd, usualWay } from '../clip-reading.ts';
import type { Conditioning, Denoiser, PromptChunk } from '../family.ts';
import { checkClipSkip } from '../settings-fit.ts';
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
  readonly tokenizers: readonly [ChunkTokenizer, ChunkTokenizer];
  /** Whether a text that is not given stands for zeros; else it is read as an empty one. */
  readonly zerosWithoutText: boolean;
}

/**
 * Two CLIPs side by side, of which the UNet reads what their last layers do; what the second makes of the text as a whole, which is
 * its first chunk; and the sizes of image and picture and where the one was cut out of the other (Podell et al. 2023, section 2.2).
 */
export function xlConditioning(texts: XlTexts, way: ReadingWay = usualWay): Conditioning {
  const { text, projected, tokenizers, zerosWithoutText } = texts;
  checkClipSkip(way, Math.min(text.layers, projected.layers));
  const { clipSkip, chunks } = way;
  const tokens = chunks * text.positions;
  const ends = (second: readonly number[]): number[] =>
    second.map((_, place) => (place === endOf(second, projected) ? 1 : 0));
  const told = (prompt: string | null): number[] => [prompt === null && zerosWithoutText ? 0 : 1];
  return {
    encoders: textEncoders,
    way,
    as: (other) => xlConditioning(texts, other),
    tokens: {
      input_ids: { type: 'int64', shape: [tokens] },
      input_ids_2: { type: 'int64', shape: [tokens] },
      // One where the text ends for the second, else zero; and one, or zero for the zeros that no text stands for.
      end: { type: 'float32', shape: [tokens] },
      told: { type: 'float32', shape: [1] },
    },
    tokenize: (caption) => {
      const [ids, second] = tokenizers.map((tokenizer) => captionIds(caption ?? '', tokenizer, chunks)) as [
        number[],
        number[],
      ];
      const chunk = projected.positions;
      const each = Array.from({ length: chunks }, (_, i) => ends(second.slice(i * chunk, (i + 1) * chunk)));
      return { input_ids: ids, input_ids_2: second, end: each.flat(), told: told(caption) };
    },
    readPrompt: (prompt, wanted = 1) => {
      const [first, second] = chunksOfBoth(prompt ?? '', tokenizers, wanted);
      return first.map(({ ids, weights }, i): PromptChunk => {
        const { ids: secondIds, weights: secondWeights } = second[i]!;
        return {
          tokens: { input_ids: ids, input_ids_2: secondIds, end: ends(secondIds), told: told(prompt) },
          weights:
            areOnes(weights) && areOnes(secondWeights)
              ? null
              : [
                  { width: text.hiddenSize, weights },
                  { width: projected.hiddenSize, weights: secondWeights },
                ],
        };
      });
    },
    states: {
      encoder_hidden_states: { type: 'float32', shape: [tokens, text.hiddenSize + projected.hiddenSize] },
      text_embeds: { type: 'float32', shape: [projected.projectionSize] },
    },
    chunked: ['encoder_hidden_states'],
    encode: (builders, { input_ids: ids, input_ids_2: second, end, told: weight }) => {
      const first = penultimateClipText(builders('text_encoder'), text, asChunks(ids!, way), clipSkip);
      const { penultimate, pooled } = projectedClipText(
        builders('text_encoder_2'),
        projected,
        asChunks(second!, way),
        asChunks(end!, way),
        clipSkip,
      );
      const factor = cast(weight!, first.type);
      const rows = reshape(factor, [factor.shape[0]!, 1, 1]);
      return {
        encoder_hidden_states: mul(endToEnd(concat([first, penultimate], 2), way), rows),
        text_embeds: mul(ofFirstChunk(pooled, way), factor),
      };
    },
    facts: { time_ids: { type: 'float32', shape: [6] } },
    factsOf: ({ original, crop, width, height }) => ({
      time_ids: Float32Array.of(original.height, original.width, crop.top, crop.left, height, width),
    }),
  };
}

/** Vocabularies may cut a prompt differently; the one that needs more chunks says how many there are. */
function chunksOfBoth(
  prompt: string,
  [first, second]: XlTexts['tokenizers'],
  wanted: number,
): readonly [readonly TokenChunk[], readonly TokenChunk[]] {
  const of = (tokenizer: ChunkTokenizer, least: number) => promptChunks(prompt, tokenizer, least);
  const most = Math.max(of(first, wanted).length, of(second, wanted).length);
  return [of(first, most), of(second, most)];
}

/** What the first chunk of each text comes to: [n · chunks, d] -> [n, d]. */
function ofFirstChunk(pooled: Value, { chunks }: ReadingWay): Value {
  const [rows, width] = pooled.shape as readonly [number, number];
  if (chunks === 1) return pooled;
  const n = rows / chunks;
  return reshape(slice(reshape(pooled, [n, chunks, width]), [{ axis: 1, begin: 0, end: 1 }]), [n, width]);
}

/** As transformers finds it, new words left aside: the first of the end tokens, or of the highest ids; the very first token where there is none. */
function endOf(ids: readonly number[], { endToken, vocabularySize }: ProjectedClipTextConfig): number {
  const ofVocabulary = ids.filter((id) => id < vocabularySize);
  return Math.max(0, ids.indexOf(endToken ?? Math.max(...ofVocabulary)));
}
