/**
 * Writes the small tokenizer that tests/reference/tokenizer.py lets transformers read:
 * `node tests/reference/tokenizer-vocabulary.ts <folder>`.
 */
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';

const things = [
  'cat',
  'dog',
  'fox',
  'apple',
  'café table',
  'rocket',
  'rainbow',
  'ghost',
  'piñata',
  'ピカチュウ',
  '猫',
];
const styles = [
  '3d render',
  'flat icon',
  "child's drawing",
  'emoji',
  'photo',
  'watercolour',
  'don’t blink',
  '8-bit',
];
const colours = ['red', 'yellow', 'blue', 'violet', 'black and white', '#ff8800', 'Red', 'ÜBERGRÜN'];

export const captions: readonly string[] = things.flatMap((thing) =>
  styles.flatMap((style) => colours.map((colour) => `${style} of a ${colour} ${thing}, it's ${thing}!`)),
);

export const smallVocabularySize = 600;
export const smallMaxLength = 32;

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2];
  if (folder === undefined) throw new Error('Name the folder to write');
  await writeClipTokenizer(folder, trainBpe(captions, smallVocabularySize), smallMaxLength);
}
