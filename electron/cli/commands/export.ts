import { resolve } from 'node:path';

import type { ModelFormat } from '../../../native/facts/model-formats.ts';
import { bytesText } from '../../contract/quantities.ts';
import { type Exported, exportRun } from '../../exports/export-run.ts';
import { readRun } from '../../runs/run-folder.ts';
import type { CommandContext } from './context.ts';

export interface ExportOptions {
  readonly folder: string;
  readonly epoch?: number;
  readonly format?: ModelFormat;
  readonly output?: string;
  readonly precision: 'float32' | 'float16';
  readonly loraScale?: number;
}

/** Writes one epoch of a run as a model other tools read. */
export async function exportCommand(context: CommandContext, options: ExportOptions): Promise<Exported> {
  const { engine, terminal, workingFolder, software } = context;
  const { folder, output, ...choice } = options;
  const run = await readRun(resolve(workingFolder, folder));
  const follower = terminal.follow({});
  try {
    const exported = await exportRun(
      run,
      {
        ...choice,
        ...(output === undefined ? {} : { output: resolve(workingFolder, output) }),
        software,
        date: new Date(),
      },
      engine,
      { onEvent: follower.event, onLog: terminal.log },
    );
    follower.end();
    terminal.line(`Epoch ${exported.epoch} exported (${bytesText(exported.bytes)}): ${exported.output}`);
    terminal.line(`Its model card: ${exported.card}`);
    terminal.object(exported);
    return exported;
  } finally {
    follower.end();
  }
}
