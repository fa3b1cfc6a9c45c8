import type { Runtime, Session } from '../runtime/runtime.ts';
import type { Captioner, Prepared } from './captioner.ts';
import type { TaggerFiles } from './captioner-files.ts';
import { openGraph } from './open-graph.ts';
import { onSquare, readOverWhite } from './picture.ts';
import { resample } from './resample.ts';
import { captionOfTags, readTags } from './tags.ts';
import { unsupported } from './unsupported.ts';

/**
 * A tagger as the WD taggers are published: the graph takes pictures of BGR numbers from 0 to 255, `[pictures, side, side,
 * 3]`, and gives the probability of each tag.
 * @throws Failure `captioner-unsupported`, `captioner-tags`, `captioner-unreadable`
 */
export async function openTagger(
  runtime: Runtime,
  { model, tags: tagsFile }: TaggerFiles,
): Promise<Captioner> {
  const tags = await readTags(tagsFile);
  const session = await openGraph(runtime, model);
  const { input, output, side, batchSize } = formOf(session, model);
  return {
    batchSize,
    prepare: (path) => prepareForTagger(path, side),
    caption: async (pictures, options) => {
      const rows = batchSize === 1 ? 1 : pictures.length;
      const given = new Float32Array(rows * side * side * 3);
      pictures.forEach((picture, at) => {
        given.set(picture, at * side * side * 3);
      });
      const tensor = runtime.tensor('float32', [rows, side, side, 3], given);
      try {
        const { [output]: answer } = await session.run({ [input]: tensor }, [output]);
        const numbers = answer!.data as Float32Array;
        checkAnswer(numbers, rows, tags.length, model);
        return pictures.map((_, at) =>
          captionOfTags(tags, numbers.subarray(at * tags.length, (at + 1) * tags.length), options),
        );
      } finally {
        tensor.dispose();
      }
    },
    dispose: () => session.dispose(),
  };
}

/** The numbers a tagger is given of a picture, `[side, side, 3]`, BGR from 0 to 255, white around what is not square. */
export async function prepareForTagger(path: string, side: number): Promise<Prepared> {
  const { data } = resample(onSquare(await readOverWhite(path)), side, side, 'bicubic');
  const bgr = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += 3) {
    bgr[at] = data[at + 2]!;
    bgr[at + 1] = data[at + 1]!;
    bgr[at + 2] = data[at]!;
  }
  return bgr;
}

/** Taken together by graphs that take any number; the published ones need some hundred megabytes for each. */
const mostAtOnce = 4;
/** Of graphs that leave it open. */
const usualSide = 448;

function formOf(session: Session, model: string) {
  const [input] = session.inputs;
  const [output] = session.outputs;
  const [pictures, height, width, channels] = input?.shape ?? [];
  const single = session.inputs.length === 1 && input?.type === 'float32' && output !== undefined;
  if (!single || channels !== 3 || height !== width) {
    throw unsupported(model, 'it does not take one input of pictures with their channels last');
  }
  const side = height === undefined || height < 1 ? usualSide : height;
  return { input: input.name, output: output.name, side, batchSize: pictures === 1 ? 1 : mostAtOnce };
}

function checkAnswer(numbers: Float32Array, rows: number, tags: number, model: string): void {
  if (numbers.length !== rows * tags) {
    throw unsupported(
      model,
      `it gives ${Math.round(numbers.length / rows)} numbers for a picture, and its selected_tags.csv names ${tags} tags`,
    );
  }
  if (numbers.some((number) => !(number >= 0 && number <= 1))) {
    throw unsupported(model, 'what it gives are no probabilities');
  }
}
