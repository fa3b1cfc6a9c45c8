/**
 * The whole way on a small sample, by the code behind the command line: finetune, compare, export. `--json` writes
 * one JSON object a line, the last one saying where everything lies and how it went.
 */
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { compareCommand } from '../electron/cli/commands/compare.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../electron/cli/commands/context.ts';
import { exportCommand } from '../electron/cli/commands/export.ts';
import { trainCommand } from '../electron/cli/commands/train.ts';
import { reportFailure } from '../electron/cli/report-failure.ts';
import { createTerminal } from '../electron/cli/terminal.ts';
import { durationText, lossText } from '../electron/contract/quantities.ts';
import { startEngine } from '../electron/engine/engine-process.ts';
import { readOutcome } from '../electron/runs/run-folder.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.screenfold', 'demo');
const run = join(folder, 'run');
const runFile = join(root, 'resources', 'sample', 'run.json');

const options = { json: process.argv.includes('--json'), verbose: process.argv.includes('--verbose') };
const streams = { out: process.stdout, error: process.stderr };

async function demo(context: CommandContext): Promise<ExitCode> {
  const { terminal } = context;
  // A line of its own each: line breaks within one are shown as what they are.
  const heading = (text: string) => {
    for (const line of ['', text, '']) terminal.line(line);
  };
  const begun = performance.now();
  await rm(folder, { recursive: true, force: true });

  heading(`1. Finetuning, as ${relative(root, runFile)} describes it`);
  const trained = await trainCommand(context, {
    what: runFile,
    overrides: [{ path: ['folder'], value: run }],
    dryRun: false,
  });
  if (trained !== exitCodes.ok) return trained;

  heading('2. The same prompts and noise from every epoch');
  const { code, sheet, animation } = await compareCommand(context, { folder: run, prompts: [], device: {} });
  if (code !== exitCodes.ok) return code;

  heading('3. The last epoch as a model for other tools');
  const exported = join(run, 'exports', 'fluent-emoji');
  const written = await exportCommand(context, { from: run, precision: 'float16', output: exported });
  if (written !== exitCodes.ok) return written;

  const outcome = await readOutcome(run);
  const [trainLoss, validationLoss] = [outcome?.trainLoss ?? null, outcome?.validationLoss ?? null];
  const seconds = Math.round(performance.now() - begun) / 1000;
  heading(
    `Done in ${durationText(seconds)}: training loss ${lossText(trainLoss)}, held-out loss ${lossText(validationLoss)}.`,
  );
  terminal.line(`  side by side     ${sheet}`);
  terminal.line(`  unfolding        ${animation}`);
  terminal.line(`  exported model   ${exported}`);
  terminal.object({ sheet, animation, exported, seconds, trainLoss, validationLoss });
  return exitCodes.ok;
}

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
try {
  process.exitCode = await demo({
    engine: startEngine(),
    terminal: createTerminal({ ...options, streams }),
    workingFolder: process.cwd(),
    cacheFolder: join(folder, 'cache'),
    software: `Screenfold ${manifest.version}`,
  });
} catch (error) {
  process.exitCode = reportFailure(error, options, streams);
}
