import { Option } from 'commander';

import { precisionChoices } from '../../../native/facts/precision.ts';
import { type DeviceChoice, type Provider, providers } from '../../../native/runtime/runtime.ts';
import type { CommandContext, ExitCode } from '../commands/context.ts';

/** What each command's grammar is given. */
export interface Grammar {
  /** Made when a command is run: flags before it decide. */
  readonly context: () => CommandContext;
  /** Told how the command ended; a failure is thrown instead. */
  readonly onEnd: (code: ExitCode) => void;
}

export function deviceOption(): Option {
  return new Option('--device <provider>', 'where to compute').choices(providers);
}

export function precisionOption(usual: string): Option {
  return new Option('--precision <type>', `what to compute in (default: ${usual})`).choices(precisionChoices);
}

export function deviceOf(provider: Provider | undefined): DeviceChoice {
  return provider === undefined ? {} : { provider };
}
