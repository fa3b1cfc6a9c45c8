import type { Command } from 'commander';

import { exitCodes } from '../commands/context.ts';
import { getCommand } from '../commands/get.ts';
import type { GetOptions } from '../commands/get-options.ts';
import type { Grammar } from './grammar.ts';

/** What downloads need to know of the machine. */
export interface GetSurroundings {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly configFolder: string;
}

export function addGet(program: Command, { context, onEnd }: Grammar, surroundings: GetSurroundings): void {
  program
    .command('get')
    .description(
      'download a base model or a captioning model: one of a short list by its name, or any by its address',
    )
    .argument('[what]', 'a name of the list, or an address (default: shows the list)')
    .option(
      '-o, --out <path>',
      'file or folder to write (default: in models/ or captioners/, under its own name)',
    )
    .option('--captioner', 'what lies at the address is a captioning model: its page, or its folder', false)
    .option('--accept-licence', 'accept the licence of a base of the list; asked for once', false)
    .option('--token <token>', 'access token for its host (better: in HF_TOKEN, where others do not see it)')
    .option('--sha256 <sum>', 'what the file has to be, for an address')
    .option('--mirror <address>', 'where to look instead of huggingface.co (default: HF_ENDPOINT)')
    .option('--proxy <address>', 'proxy to go through (default: HTTPS_PROXY)')
    .action(async (what: string | undefined, options: GetOptions) => {
      const command = context();
      if (what === undefined) {
        getCommand.list(command);
        onEnd(exitCodes.ok);
      } else onEnd(await getCommand.fetch(command, what, options, surroundings));
    });
}
