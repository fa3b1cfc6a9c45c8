import { join } from 'node:path';

import * as tokenizers from '@huggingface/tokenizers';

import { messageOf } from '../failure.ts';
import { readJsonObject } from '../files/json-file.ts';
import { unsupported } from './unsupported.ts';

/** Between texts and the tokens of a model that writes. */
export interface TextTokenizer {
  readonly encode: (text: string) => readonly number[];
  /** Special tokens are left out. */
  readonly decode: (tokens: readonly number[]) => string;
}

/** What is used of the package, whose own types cannot be resolved by Node's rules. */
interface Package {
  readonly Tokenizer: new (
    tokenizer: object,
    config: object,
  ) => {
    encode(text: string): { readonly ids: readonly number[] };
    decode(tokens: readonly number[], options: { readonly skip_special_tokens: boolean }): string;
  };
}

/**
 * By the `tokenizer.json` of a model's folder.
 * @throws Failure `captioner-unsupported`, `file-unreadable`, `json-invalid`
 */
export async function readTextTokenizer(folder: string): Promise<TextTokenizer> {
  const path = join(folder, 'tokenizer.json');
  const tokenizer = (await readJsonObject(path)) ?? {};
  const config = (await readJsonObject(join(folder, 'tokenizer_config.json'))) ?? {};
  try {
    const made = new (tokenizers as unknown as Package).Tokenizer(tokenizer, config);
    return {
      encode: (text) => made.encode(text).ids,
      decode: (tokens) => made.decode([...tokens], { skip_special_tokens: true }),
    };
  } catch (error) {
    throw unsupported(path, `its tokenizer is not understood (${messageOf(error)})`);
  }
}
