import type { CommandContext } from './context.ts';
import { infoCommand } from './info.ts';

/** What somebody who typed nothing more wants to know. */
export async function welcomeCommand(context: CommandContext): Promise<void> {
  await infoCommand(context, undefined);
  context.terminal.line(`
Next:
  npm run demo                                     the whole way on a small sample, in a few minutes
  screenfold train --base <model> --data <images>  train on your own images
  screenfold compare <run>                         the same prompts and seeds from every epoch, side by side
  screenfold export <run> --epoch <number>         take the one you like best with you
  screenfold <command> --help                      everything else
(Where \`screenfold\` is not installed: npm start -- train …)`);
}
