import { type Command, InvalidArgumentError, Option } from 'commander';

import { type PredictionType, predictionTypes } from '../../../native/facts/config-facts.ts';
import { precisionChoices } from '../../../native/facts/precision.ts';
import { type DeviceChoice, providers } from '../../../native/runtime/runtime.ts';
import type { CommandContext, ExitCode } from '../commands/context.ts';
import type { ModelParts } from '../commands/with-parts.ts';

/** What each command's grammar is given. */
export interface Grammar {
  /** Made when a command is run: flags before it decide. */
  readonly context: () => CommandContext;
  /** Told how the command ended; a failure is thrown instead. */
  readonly onEnd: (code: ExitCode) => void;
}

export function deviceOption(): Option {
  return new Option(
    '--device <provider>',
    `where to compute: ${providers.join(', ')}; cuda:1 for the second of several GPUs`,
  ).argParser(readDevice);
}

export function precisionOption(usual: string): Option {
  return new Option('--precision <type>', `what to compute in (default: ${usual})`).choices(precisionChoices);
}

/** What `partOptions` gives. */
export interface PartFlags {
  readonly vae?: string;
  readonly prediction?: PredictionType;
}

/** Options for what a model lacks, or does not say. @param textEncoder what the option for text encoders is called */
export function partOptions(
  command: Command,
  textEncoder: '--text-encoder' | '--text-encoder-from' = '--text-encoder',
): Command {
  return command
    .option('--vae <model>', 'take the VAE from here: a file or folder of another model, or of a VAE alone')
    .option(
      `${textEncoder} <model>`,
      'take the text encoder from here: a file or folder of another model, or of a text encoder alone',
    )
    .addOption(
      new Option('--prediction <type>', 'what the model predicts, where its file does not say it').choices(
        predictionTypes,
      ),
    );
}

/** @param textEncoder where the text encoder is taken from */
export function partsOf({ vae, prediction }: PartFlags, textEncoder: string | undefined): ModelParts {
  return {
    ...(vae !== undefined && { vae }),
    ...(textEncoder !== undefined && { textEncoder }),
    ...(prediction !== undefined && { prediction }),
  };
}

function readDevice(text: string): DeviceChoice {
  const [, name, gpu] = /^([a-z]+)(?::(.+))?$/.exec(text) ?? [];
  const provider = providers.find((each) => each === name);
  if (provider !== undefined && (gpu === undefined || provider === 'cuda'))
    return { provider, ...(gpu !== undefined && { gpu }) };
  throw new InvalidArgumentError(`It is one of ${providers.join(', ')}, or cuda:1 and so on.`);
}
