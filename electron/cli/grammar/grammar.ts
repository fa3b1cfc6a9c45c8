import { Option } from 'commander';

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

export function deviceOf(provider: Provider | undefined): DeviceChoice {
  return provider === undefined ? {} : { provider };
}
