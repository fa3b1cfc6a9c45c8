import { join } from 'node:path';

import type { CaptionDetail, CaptioningOptions } from '../facts/captioning.ts';
import { isJsonObject, readJsonObject } from '../files/json-file.ts';
import type { HostTensor, Runtime, Session } from '../runtime/runtime.ts';
import type { Captioner, Prepared } from './captioner.ts';
import { numberIn, type WriterFiles } from './captioner-files.ts';
import { type EmbedTokens, openDecoder } from './decoder.ts';
import { generateText, type TextSettings } from './generate-text.ts';
import { asFloats, integers, joined, ones, runGraph } from './host-tensors.ts';
import { openGraph } from './open-graph.ts';
import { extentOfForm, prepareForWriter, readPictureForm } from './picture-form.ts';
import { readTextTokenizer } from './text-tokenizer.ts';
import { unsupported } from './unsupported.ts';

/** What Florence-2 was trained to answer, for captions of three lengths. */
const questions: Readonly<Record<CaptionDetail, string>> = {
  short: 'What does the image describe?',
  detailed: 'Describe in detail what is shown in the image.',
  'more-detailed': 'Describe with a paragraph what is shown in the image.',
};

/**
 * A model that writes a sentence about a picture: one graph looks at it, another writes token by token; Florence-2 has two
 * more, for its question.
 * @throws Failure `captioner-unsupported`, `captioner-unreadable`, `file-unreadable`
 */
export async function openWriter(runtime: Runtime, files: WriterFiles): Promise<Captioner> {
  const sessions: Session[] = [];
  const open = async (path: string): Promise<Session> => {
    const session = await openGraph(runtime, path);
    sessions.push(session);
    return session;
  };
  const dispose = async (): Promise<void> => {
    for (const session of sessions) await session.dispose();
  };
  try {
    const [form, tokenizer, settings] = [
      await readPictureForm(files.folder),
      await readTextTokenizer(files.folder),
      await readTextSettings(files),
    ];
    const room = Math.max(1, positionsOf(files) - settings.prompt.length);
    const vision = await open(files.vision);
    const embedding = files.embedding === null ? null : await open(files.embedding);
    const encoder = files.encoder === null ? null : await open(files.encoder);
    const embed = embedding === null ? null : embedBy(runtime, embedding);
    const decoder = openDecoder(runtime, await open(files.decoder), files.decoder, embed);

    const statesOf = async (picture: Prepared, detail: CaptionDetail): Promise<HostTensor> => {
      const { width, height } = extentOfForm(form) ?? extentIn(vision, picture);
      const given = pictureInput(vision, files.vision, {
        type: 'float32',
        shape: [1, 3, height, width],
        data: picture,
      });
      const seen = await firstOutput(runtime, vision, given);
      if (encoder === null || embed === null) return seen;
      const question = await embed([tokenizer.encode(questions[detail])]);
      const all = joined(seen, question);
      const mask = ones([1, all.shape[1]!]);
      return firstOutput(runtime, encoder, { inputs_embeds: all, attention_mask: mask });
    };
    return {
      batchSize: 1,
      prepare: (path) => prepareForWriter(path, form),
      caption: async (pictures, options) => {
        const texts: string[] = [];
        for (const picture of pictures) {
          const next = decoder.begin(await statesOf(picture, options.detail));
          const { beams } = options;
          const longest = Math.min(options.longest, room);
          const tokens = await generateText(next, { ...settings, beams, longest });
          const text = tokenizer.decode(tokens);
          texts.push(sentence(text, options));
        }
        return texts;
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Tidied, after the trigger. */
function sentence(text: string, { trigger }: CaptioningOptions): string {
  const tidy = text.replaceAll(/\s+/g, ' ').trim();
  return [trigger.trim(), tidy].filter((part) => part !== '').join(', ');
}

function embedBy(runtime: Runtime, session: Session): EmbedTokens {
  return (rows) =>
    firstOutput(runtime, session, { input_ids: integers([rows.length, rows[0]!.length], rows.flat()) });
}

async function firstOutput(
  runtime: Runtime,
  session: Session,
  given: Readonly<Record<string, HostTensor>>,
): Promise<HostTensor> {
  // The states of all tokens have three axes; what some graphs give before or after them has two.
  const output = session.outputs.find(({ shape }) => shape?.length === 3) ?? session.outputs[0]!;
  const answer = await runGraph(runtime, session, given, [output.name]);
  const tensor = answer[output.name]!;
  return { type: 'float32', shape: tensor.shape, data: asFloats(tensor) };
}

function pictureInput(vision: Session, path: string, picture: HostTensor): Record<string, HostTensor> {
  const input = vision.inputs.find(({ shape }) => shape?.length === 4);
  if (input === undefined) throw unsupported(path, 'it takes no picture');
  const [, , height, width] = input.shape ?? [];
  const [, , ours, wide] = picture.shape;
  if (
    (height !== undefined && height > 0 && height !== ours) ||
    (width !== undefined && width > 0 && width !== wide)
  ) {
    throw unsupported(
      path,
      `it takes pictures of ${width} x ${height}, and its preprocessor_config.json makes others`,
    );
  }
  return { [input.name]: picture };
}

/** Of a form that leaves it open, what the graph says; else square. */
function extentIn(
  { inputs }: Session,
  picture: Prepared,
): { readonly width: number; readonly height: number } {
  const side = Math.round(Math.sqrt(picture.length / 3));
  const shape = inputs.find((input) => input.shape?.length === 4)?.shape;
  const [height, width] = [shape?.[2] ?? -1, shape?.[3] ?? -1];
  return { height: height > 0 ? height : side, width: width > 0 ? width : side };
}

/** What the model begins and ends with, from `generation_config.json` and `config.json`. */
async function readTextSettings({
  kind,
  folder,
  config,
}: WriterFiles): Promise<Omit<TextSettings, 'beams' | 'longest'>> {
  const generation = (await readJsonObject(join(folder, 'generation_config.json'))) ?? {};
  const parts = [generation, config.text_config, config.decoder, config].filter(isJsonObject);
  const first = (name: string): number | null => {
    for (const part of parts) {
      const found = tokensIn(part, name)[0];
      if (found !== undefined) return found;
    }
    return null;
  };
  const ends =
    kind === 'blip'
      ? // Its decoder ends with BERT's separator, and says so under that name.
        tokensIn(config.text_config, 'sep_token_id')
      : (parts.map((part) => tokensIn(part, 'eos_token_id')).find((found) => found.length > 0) ?? []);
  const begin =
    kind === 'blip'
      ? numberIn(config.text_config, 'bos_token_id')
      : (first('decoder_start_token_id') ?? first('bos_token_id'));
  // The numbers of BERT's words for it as BLIP uses them, where its config leaves out what is usual.
  const usual = kind === 'blip' ? { begin: 30522, end: 102 } : { begin: 2, end: 2 };
  return {
    prompt: [begin ?? usual.begin],
    ends: ends.length > 0 ? ends : [usual.end],
    lengthPenalty: numberIn(generation, 'length_penalty') ?? numberIn(config, 'length_penalty') ?? 1,
    earlyStopping: generation.early_stopping === true,
    noRepeat: kind === 'blip' ? 0 : (first('no_repeat_ngram_size') ?? 0),
    forcedFirst: kind === 'blip' ? null : first('forced_bos_token_id'),
    forcedLast: kind === 'blip' ? null : first('forced_eos_token_id'),
  };
}

/** Tokens that a decoder has places for, what it begins with among them; GPT-2 has a name of its own for it. */
function positionsOf({ config }: WriterFiles): number {
  for (const part of [config.text_config, config.decoder, config]) {
    for (const name of ['max_position_embeddings', 'n_positions']) {
      const places = numberIn(part, name);
      if (places !== null && Number.isInteger(places) && places > 0) return places;
    }
  }
  return Infinity;
}

/** One token, or one of a list. */
function tokensIn(part: unknown, name: string): readonly number[] {
  const value: unknown = isJsonObject(part) ? part[name] : undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((one) => typeof one === 'number');
}
