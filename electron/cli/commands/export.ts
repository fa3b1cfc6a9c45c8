import { basename, join, resolve } from 'node:path';

import { endingOf, type ModelFormat, modelNameOf } from '../../../native/facts/model-formats.ts';
import type { LoraUse } from '../../../native/jobs.ts';
import { bytesText } from '../../contract/quantities.ts';
import { exportRun } from '../../exports/export-run.ts';
import { isRunFolder, readRun } from '../../runs/run-folder.ts';
import { type CommandContext, usage } from './context.ts';
import { withLoras } from './with-loras.ts';
import { type ModelParts, withParts } from './with-parts.ts';

export interface ExportOptions {
  /** The folder of a run, or a model. */
  readonly from: string;
  readonly epoch?: number;
  readonly format?: ModelFormat;
  readonly output?: string;
  readonly precision: 'float32' | 'float16';
  readonly loraScale?: number;
  /** Merged into the model, in this order; paths as they were typed. */
  readonly loras?: readonly LoraUse[];
  /** Taken for a model from elsewhere. */
  readonly parts?: ModelParts;
}

interface Written {
  readonly path: string;
  /** Lines for the terminal. */
  readonly told: readonly string[];
}

/** Writes one epoch of a run, or a model as it is, in a form that other tools read. Gives where that lies. */
export async function exportCommand(context: CommandContext, options: ExportOptions): Promise<string> {
  const { engine, terminal, workingFolder } = context;
  const from = resolve(workingFolder, options.from);
  const base = withLoras({ base: from }, options.loras ?? [], workingFolder);
  const follower = terminal.follow({});
  try {
    const listeners = { onEvent: follower.event, onLog: terminal.log };
    const isModel = options.epoch === undefined && !(await isRunFolder(from));
    if (!isModel && Object.keys(options.parts ?? {}).length > 0)
      throw usage('A run has what its base was lent.', 'Leave these options out.');
    const { path, told } = isModel
      ? await withParts(from, options.parts ?? {}, workingFolder, writeModel)
      : await writeEpoch();
    follower.end();
    for (const line of told) terminal.line(line);
    return path;

    async function writeEpoch(): Promise<Written> {
      const { epoch, format, precision, loraScale, output } = options;
      const exported = await exportRun(
        await readRun(from),
        {
          ...(epoch !== undefined && { epoch }),
          ...(format !== undefined && { format }),
          ...(loraScale !== undefined && { loraScale }),
          ...(base.loras !== undefined && { loras: base.loras }),
          ...(output !== undefined && { output: resolve(workingFolder, output) }),
          precision,
          software: context.software,
          date: new Date(),
        },
        engine,
        listeners,
      );
      terminal.object(exported);
      const { output: path, bytes } = exported;
      const first = `Epoch ${exported.epoch} exported (${bytesText(bytes)}): ${path}`;
      return { path, told: [first, `Its model card: ${exported.card}`] };
    }

    async function writeModel(model: string): Promise<Written> {
      const { format = 'diffusers', precision, output } = options;
      const name = modelNameOf(basename(from));
      const path = resolve(workingFolder, output ?? join('exports', `${name}${endingOf(format)}`));
      const metadata = format === 'single-file' ? { 'modelspec.title': name } : {};
      const job = {
        kind: 'export',
        model: { ...base, base: model },
        format,
        output: path,
        precision,
        metadata,
      } as const;
      const { bytes } = await engine.run(job, listeners);
      terminal.object({ format, output: path, bytes });
      return { path, told: [`${name} exported (${bytesText(bytes)}): ${path}`] };
    }
  } finally {
    follower.end();
  }
}
