import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { removeAbandonedWrites } from '../../../native/files/atomic-file.ts';
import { exists } from '../../../native/files/exists.ts';
import { differingRecipe, drawnAs, recipeNote, runNames, runsSheet } from '../../gallery/runs-sheet.ts';
import { planSamples } from '../../gallery/sample-plan.ts';
import { checkpointEpochs, readRun, type Run } from '../../runs/run-folder.ts';
import { promptsOf } from '../../runs/run-prompts.ts';
import { writeSheet } from '../../sheets/sheet.ts';
import { compareCommand, type CompareOptions, makeMissing } from './compare.ts';
import { type CommandContext, type ExitCode, exitCodes, usage } from './context.ts';
import { checkPicturePlace } from './picture-place.ts';

export type CompareRunsOptions = Omit<CompareOptions, 'folder' | 'animation'> & {
  readonly folders: readonly string[];
};

/** Makes the pictures that are missing of several runs' last epochs, or of those named, and a sheet of them side by side. */
export async function compareRunsCommand(
  context: CommandContext,
  options: CompareRunsOptions,
): Promise<ExitCode> {
  const { folders, epochs, sheet: named, device } = options;
  const { terminal, workingFolder } = context;
  const runs = await readRuns(folders.map((folder) => resolve(workingFolder, folder)));
  if (runs.length === 1) return (await compareCommand(context, { ...options, folder: folders[0]! })).code;
  if ((epochs?.length ?? 0) > 1)
    throw usage('Several runs are shown at one epoch each.', 'Name one epoch, or none for the last of each.');
  const wanted = named === undefined ? null : resolve(workingFolder, named);
  await checkPicturePlace('--sheet', wanted ?? join(workingFolder, 'runs-side-by-side.png'), wanted !== null);

  // All of them before the first picture is made, which may take long.
  const names = runNames(runs);
  const planned = [];
  for (const [index, run] of runs.entries())
    planned.push({ ...(await planRun(run, runs[0]!, options)), name: names[index]! });
  const differing = differingRecipe(runs, options.seeds === undefined);
  if (differing.length > 0) terminal.warn(recipeNote(names[0]!, differing));
  for (const { name, isUntrained } of planned)
    if (isUntrained) terminal.warn(`${name} has kept no epoch yet: the sheet shows its base.`);

  for (const { run, name, samples } of planned) {
    terminal.line(`${name}:`);
    if ((await makeMissing(context, run, samples, device)) === null) return exitCodes.interrupted;
  }
  const sheet = wanted ?? (await freeSheet(workingFolder));
  await removeAbandonedWrites(dirname(sheet));
  await writeSheet(sheet, runsSheet(planned, differing));
  terminal.line(`Side by side: ${sheet}`);
  terminal.object({ kind: 'compare', sheet, runs: runs.map(({ folder }) => folder) });
  return exitCodes.ok;
}

/** Each once, however often and by whatever path it is named. */
async function readRuns(folders: readonly string[]): Promise<readonly Run[]> {
  const runs = new Map<string, Run>();
  for (const folder of folders) {
    const run = await readRun(folder);
    const real = await realpath(folder);
    if (!runs.has(real)) runs.set(real, run);
  }
  return [...runs.values()];
}

async function planRun(run: Run, first: Run, { prompts, epochs, seeds }: CompareRunsOptions) {
  const last = (await checkpointEpochs(run.folder)).at(-1);
  const shown = epochs ?? (last === undefined ? undefined : [last]);
  const samples = await planSamples(drawnAs(run, first), {
    prompts: prompts.length > 0 ? prompts : promptsOf(first),
    ...(shown === undefined ? {} : { epochs: shown }),
    ...(seeds === undefined ? {} : { seeds }),
  });
  return { run, samples, isUntrained: shown === undefined };
}

async function freeSheet(folder: string): Promise<string> {
  for (let count = 1; ; count++) {
    const sheet = join(folder, `runs-side-by-side${count === 1 ? '' : `-${count}`}.png`);
    if (!(await exists(sheet))) return sheet;
  }
}
