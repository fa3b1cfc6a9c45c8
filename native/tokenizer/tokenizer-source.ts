import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../failure.ts';
import { type ClipTokenizerFiles, readClipTokenizerFiles } from './clip-tokenizer-files.ts';
import { clipVocabulary } from './clip-vocabulary.ts';
import { writeClipTokenizer } from './train-bpe.ts';

/** Where a model's tokenizer comes from: a folder of its own, or, for a model in one file, CLIP's. */
export interface TokenizerSource {
  /** @throws Failure those of `readClipTokenizerFiles` */
  readonly read: () => Promise<ClipTokenizerFiles>;
  /**
   * Makes a tokenizer folder as transformers and diffusers read it.
   *
   * @throws Failure `tokenizer-missing`, `write-failed`
   */
  readonly write: (folder: string) => Promise<void>;
}

const fileNames = [
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.json',
];

/** The tokenizer in a folder, which is copied as it is. */
export function folderTokenizer(path: string): TokenizerSource {
  return {
    read: () => readClipTokenizerFiles(path),
    write: async (folder) => {
      const present = new Set(await readdir(path).catch(() => []));
      const files = fileNames.filter((file) => present.has(file));
      if (
        !files.includes('tokenizer.json') &&
        !(files.includes('vocab.json') && files.includes('merges.txt'))
      ) {
        throw new Failure(
          'tokenizer-missing',
          `${path} has neither vocab.json and merges.txt nor tokenizer.json`,
          'Copy the whole tokenizer folder of the base model.',
        );
      }
      await mkdir(folder);
      for (const file of files) await copyFile(join(path, file), join(folder, file));
    },
  };
}

/**
 * CLIP's own tokenizer, which files of whole models leave out.
 *
 * @param maxLength tokens a text is cut and padded to
 * @param pad what it is padded with: `<|endoftext|>` in OpenAI's CLIP, `!` in OpenCLIP's
 */
export function publishedClip(maxLength: number, pad: string): TokenizerSource {
  return {
    read: () => {
      const { vocab, merges } = clipVocabulary();
      const [bos, eos] = ['<|startoftext|>', '<|endoftext|>'];
      return Promise.resolve({
        vocabulary: new Map(Object.entries(vocab)),
        merges: merges.map((merge) => merge.split(' ') as [string, string]),
        // A padding token of its own is looked for in texts, as transformers looks for all special tokens.
        added: [...new Set([bos, eos, pad])].map((content) => ({
          content,
          id: vocab[content]!,
          normalized: false,
        })),
        ...{ bos, eos, unknown: eos, pad, maxLength },
      });
    },
    write: (folder) => writeClipTokenizer(folder, clipVocabulary(), maxLength, pad),
  };
}
