/**
 * The whole way on a small sample, by the code behind the command line: finetune, compare, export. `--json` writes
 * one JSON object a line, the last one saying where everything lies and how it went.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareCommand } from '../electron/hosts/commands/compare.ts';
import { exitCodes, type CommandContext, type ExitCode } from '../electron/hosts/commands/context.ts';
import { exportCommand } from '../electron/hosts/commands/export.ts';
import { trainCommand } from '../electron/hosts/commands/train.ts';
import { durationText, lossText } from '../electron/hosts/job-text.ts';
import { reportFailure } from '../electron/hosts/report-failure.ts';
import { createTerminal } from '../electron/hosts/terminal.ts';
import { startEngine } from '../electron/runs/engine-process.ts';
import { readOutcome } from '../electron/runs/run-folder.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = path.join(root, '.screenfold', 'demo');
const run = path.join(folder, 'run');
const runFile = path.join(root, 'resources', 'sample', 'run.json');

const options = { json: process.argv.includes('--json'), verbose: process.argv.includes('--verbose') };
const streams = { out: process.stdout, error: process.stderr };

async function demo(context: CommandContext): Promise<ExitCode> {
  const { terminal } = context;
  const begun = performance.now();
  await rm(folder, { recursive: true, force: true });

  terminal.line(`1. Finetuning, as ${path.relative(root, runFile)} describes it\n`);
  const trained = await trainCommand(context, {
    what: runFile,
    overrides: [{ path: ['folder'], value: run }],
    dryRun: false,
  });
  if (trained !== exitCodes.ok) return trained;

  terminal.line('\n2. The same prompts and noise from every epoch\n');
  const { code, sheet, animation } = await compareCommand(context, { folder: run, prompts: [], device: {} });
  if (code !== exitCodes.ok) return code;

  terminal.line('\n3. The last epoch as a model for other tools\n');
  const { output: exported } = await exportCommand(context, { folder: run, precision: 'float16' });

  const outcome = await readOutcome(run);
  const [trainLoss, validationLoss] = [outcome?.trainLoss ?? null, outcome?.validationLoss ?? null];
  const seconds = Math.round(performance.now() - begun) / 1000;
  terminal.line(`
Done in ${durationText(seconds)}: training loss ${lossText(trainLoss)}, validation loss ${lossText(validationLoss)}.
  side by side     ${sheet}
  unfolding        ${animation}
  exported model   ${exported}`);
  terminal.object({ sheet, animation, exported, seconds, trainLoss, validationLoss });
  return exitCodes.ok;
}

const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
try {
  process.exitCode = await demo({
    engine: startEngine(),
    terminal: createTerminal({ ...options, streams }),
    workingFolder: process.cwd(),
    cacheFolder: path.join(folder, 'cache'),
    software: `Screenfold ${manifest.version}`,
  });
} catch (error) {
  process.exitCode = reportFailure(error, options, streams);
}
