import { resolve } from 'node:path';

import type { ExtensionChoice } from '../../runs/extend-run.ts';
import { extendRun } from '../../runs/extend-run.ts';
import { withImagesAtOnce } from '../../runs/images-at-once.ts';
import { readRun, rewriteRun } from '../../runs/run-folder.ts';
import { lockRun } from '../../runs/run-lock.ts';
import { refuseFinished } from '../../runs/train-run.ts';
import { type CommandContext, type ExitCode, usage } from './context.ts';
import { trainToEnd } from './train.ts';

export interface ResumeOptions extends Omit<ExtensionChoice, 'epochs'> {
  /** How many it is to have in all. */
  readonly epochs?: number | undefined;
  /** Of a batch, from now on. */
  readonly imagesAtOnce?: number | undefined;
}

/** Goes on with the run in a folder from its newest complete state; with more epochs, beyond its end. */
export async function resumeCommand(
  context: CommandContext,
  folder: string,
  { epochs, imagesAtOnce, ...choice }: ResumeOptions = {},
): Promise<ExitCode> {
  const found = await readRun(resolve(context.workingFolder, folder));
  if (epochs === undefined) {
    if (Object.values(choice).some((value) => value !== undefined))
      throw usage('Only a run that gets more epochs can be changed.', 'Say how many: --epochs 60');
    await refuseFinished(found.folder);
  }
  const run = imagesAtOnce === undefined ? found : withImagesAtOnce(found, imagesAtOnce);
  if (run === found && epochs === undefined) return trainToEnd(context, run);
  const release = await lockRun(run.folder);
  if (epochs === undefined) {
    await rewriteRun(run).finally(release);
    return trainToEnd(context, run);
  }
  const extended = await extendRun(run, { ...choice, epochs: () => epochs }).finally(release);
  context.terminal.line(`Training on from epoch ${extended.epochsDone} to epoch ${epochs}`);
  return trainToEnd(context, extended.run);
}
