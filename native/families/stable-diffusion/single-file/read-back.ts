import { Failure } from '../../../failure.ts';
import type { SchedulerConfig } from '../../../noise/scheduler-config.ts';
import type { TokenizerSource } from '../../../tokenizer/tokenizer-source.ts';
import type { ModelConfigs } from '../../../weights/model-configs.ts';
import type { SingleFileModel } from '../../family.ts';
import { readScheduler } from '../configs.ts';
import { differences, sameNoise, sameTokens, unfit } from './write-parts.ts';

/** What a file is to be read back as. */
export interface WrittenModel<Configs extends object> {
  readonly configs: Configs;
  readonly readConfigs: (component: ModelConfigs['component']) => Configs;
  readonly scheduler: SchedulerConfig;
  readonly tokenizers: Readonly<Record<string, TokenizerSource>>;
}

/**
 * What a reader makes out of names and shapes has to be this model: number of heads, norms and vocabularies are in no file.
 *
 * @throws Failure `single-file-unfit`
 */
export async function checkReadBack<Configs extends object>(
  path: string,
  { configs, readConfigs, scheduler, tokenizers }: WrittenModel<Configs>,
  read: SingleFileModel | null,
): Promise<void> {
  const found = read === null ? null : configsOf(path, read, readConfigs);
  if (read === null || found === null)
    throw unfit(
      path,
      'such a file does not say how large a model is, and this one is no Stable Diffusion of a size that tools know',
    );
  const differs = differences(configs, found);
  if (differs.length > 0)
    throw unfit(path, `other tools would take it for another model (${differs.join(', ')})`);
  if (!sameNoise(scheduler, readScheduler({ scheduler: read.scheduler, schedulerSource: path })))
    throw unfit(path, 'the model has a noise schedule of its own, which a single file does not hold');
  for (const [name, tokenizer] of Object.entries(tokenizers))
    if (!sameTokens(await tokenizer.read(), await read.tokenizer(name).read()))
      throw unfit(path, 'the model has a vocabulary of its own, which a single file does not hold');
}

/** Null where they are of a kind that cannot be. */
function configsOf<Configs>(
  path: string,
  { components }: SingleFileModel,
  readConfigs: (component: ModelConfigs['component']) => Configs,
): Configs | null {
  try {
    return readConfigs((name) => ({ source: path, config: components.get(name)!.config }));
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
