import { type ConfigFacts, trainedComponents } from '../../native/facts/config-facts.ts';
import { adapterWeights } from '../../native/facts/lora-shape.ts';
import { trainedParts } from '../../native/facts/methods.ts';
import { Failure } from '../../native/failure.ts';
import { readAdapterModules } from '../../native/families/read-facts.ts';
import {
  checkClipSkip,
  checkNewWord,
  checkSeenLetters,
  checkZeroSnr,
} from '../../native/families/settings-fit.ts';
import type { RunSpec } from '../contract/run-spec.ts';
import { readingOf } from './text-lengths.ts';
import { taughtWords } from './unknown-words.ts';

type Asked = Pick<RunSpec, 'base' | 'method' | 'train' | 'samples'>;

/**
 * Whether a base can be trained as a run asks, as far as its configs tell.
 *
 * @throws Failure `clip-skip-invalid`, `zero-snr-noise`, `nothing-trained`, `word-known`, `word-unseen`, and what reading configs throws
 */
export async function checkBase({ base, method, train, samples }: Asked, facts: ConfigFacts): Promise<void> {
  // An autoencoder is trained without words and without noise.
  if (trainedParts(method).includes('autoencoder')) return;
  for (const clipSkip of [train.clipSkip, samples.clipSkip ?? train.clipSkip])
    checkClipSkip({ clipSkip }, facts.textLayers);
  checkZeroSnr(train, facts.prediction);
  await checkBlockRanks(base, method, facts);
  if (method.kind !== 'embedding') return;
  checkSeenLetters('The new word', method.word);
  checkSeenLetters('What the new word begins as', method.initWords);
  const reading = await readingOf(base);
  if (reading !== null) checkNewWord(method.word, reading.count(method.word));
  // A vocabulary of pieces says little of the words that a base was taught.
  if ((await taughtWords(base))?.has(method.word.toLowerCase())) checkNewWord(method.word, 1);
}

async function checkBlockRanks(base: string, method: Asked['method'], facts: ConfigFacts): Promise<void> {
  if (method.kind !== 'lora' || method.blockRanks === undefined) return;
  const trained = trainedComponents(facts, method);
  const modules = (await readAdapterModules(base)).filter(({ component }) => trained.includes(component));
  if (adapterWeights({ ...method, alpha: method.alpha ?? method.rank }, modules, false) > 0) return;
  throw new Failure(
    'nothing-trained',
    'All blocks that would be trained have rank 0, so nothing would be learned.',
    'Give at least one of them a rank of 1 or more.',
  );
}
