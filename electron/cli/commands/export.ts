import { basename, join, resolve } from 'node:path';

import {
  type EmbeddingFileNames,
  endingOf,
  type LoraFileNames,
  type ModelFormat,
  modelNameOf,
} from '../../../native/facts/model-formats.ts';
import { Failure } from '../../../native/failure.ts';
import type { LoraUse } from '../../../native/jobs.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { lowestKept, lowestKeptText } from '../../contract/learned.ts';
import { bytesText } from '../../contract/quantities.ts';
import type { RunOptions } from '../../engine/engine.ts';
import { exportModel } from '../../exports/export-model.ts';
import { exportRun } from '../../exports/export-run.ts';
import { checkpointEpochs, isRunFolder, readEpochLosses, readRun } from '../../runs/run-folder.ts';
import { withInterrupts } from '../interrupts.ts';
import { type CommandContext, type ExitCode, exitCodes, usage } from './context.ts';
import { withLoras } from './with-loras.ts';
import { type ModelParts, withParts } from './with-parts.ts';

export interface ExportOptions {
  /** The folder of a run, or a model. */
  readonly from: string;
  readonly epoch?: number;
  readonly format?: ModelFormat;
  /** Of a LoRA; left out: kohya's. */
  readonly loraNames?: LoraFileNames;
  /** Of a new word; left out: A1111's and kohya's. */
  readonly embeddingNames?: EmbeddingFileNames;
  readonly output?: string;
  readonly precision: 'float32' | 'float16';
  readonly loraScale?: number;
  /** Merged into the model, in this order; paths as they were typed. */
  readonly loras?: readonly LoraUse[];
  /** Where it is proven; left out: where the run was trained, or the best there is. */
  readonly device?: DeviceChoice;
  /** Taken for a model from elsewhere. */
  readonly parts?: ModelParts;
}

interface Written {
  /** Lines for the terminal. */
  readonly told: readonly string[];
}

/**
 * Writes one epoch of a run, or a model as it is, in a form that other tools read, and proves it by a picture. Gives how that
 * ended.
 */
export async function exportCommand(context: CommandContext, options: ExportOptions): Promise<ExitCode> {
  const { engine, terminal, workingFolder } = context;
  const from = resolve(workingFolder, options.from);
  const base = withLoras({ base: from }, options.loras ?? [], workingFolder);
  const follower = terminal.follow({});
  const onStop = (): void => {
    terminal.warn('Stopping … (press Ctrl-C again to stop at once)');
  };
  try {
    const isModel = options.epoch === undefined && !(await isRunFolder(from));
    if (!isModel && Object.keys(options.parts ?? {}).length > 0)
      throw usage('A run has what its base was lent.', 'Leave these options out.');
    const { told } = await withInterrupts(onStop, (interrupts) => {
      const listeners = { onEvent: follower.event, onLog: terminal.log, ...interrupts };
      return isModel
        ? withParts(from, options.parts ?? {}, workingFolder, (model) => writeModel(model, listeners))
        : writeEpoch(listeners);
    });
    follower.end();
    for (const line of told) terminal.line(line);
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof Failure) || !['export-stopped', 'engine-killed'].includes(error.code)) throw error;
    follower.end();
    terminal.warn('The export was stopped. Nothing was left behind.');
    return exitCodes.interrupted;
  } finally {
    follower.end();
  }

  async function writeEpoch(listeners: RunOptions): Promise<Written> {
    const { epoch, format, loraNames, embeddingNames, precision, loraScale, output } = options;
    const run = await readRun(from);
    const exported = await exportRun(
      run,
      {
        ...(epoch !== undefined && { epoch }),
        ...(format !== undefined && { format }),
        ...(loraNames !== undefined && { loraNames }),
        ...(embeddingNames !== undefined && { embeddingNames }),
        ...(loraScale !== undefined && { loraScale }),
        ...(base.loras !== undefined && { loras: base.loras }),
        ...(output !== undefined && { output: resolve(workingFolder, output) }),
        precision,
        proof: { device: options.device ?? run.job.device },
        software: context.software,
        date: new Date(),
      },
      engine,
      listeners,
    );
    terminal.object(exported);
    const first = `Epoch ${exported.epoch} exported (${bytesText(exported.bytes)}): ${exported.output}`;
    const better = epoch === undefined ? await lowerEpoch(run.folder, exported.epoch) : null;
    return { told: [first, `Its model card: ${exported.card}`, ...(better === null ? [] : [better])] };
  }

  async function writeModel(model: string, listeners: RunOptions): Promise<Written> {
    const { format = 'diffusers', precision, output } = options;
    const name = modelNameOf(basename(from));
    const form = format === 'onnx' ? '-onnx' : '';
    const path = resolve(workingFolder, output ?? join('exports', `${name}${form}${endingOf(format)}`));
    const { bytes, card } = await exportModel(
      {
        base: model,
        loras: base.loras ?? [],
        ...{ title: name, format, output: path, precision },
        device: options.device ?? {},
        software: context.software,
        date: new Date(),
      },
      engine,
      listeners,
    );
    terminal.object({ format, output: path, card, bytes });
    return { told: [`${name} exported (${bytesText(bytes)}): ${path}`, `Its model card: ${card}`] };
  }
}

/** Named where nobody chose the epoch, for the last one is taken then; null where no other has less held-out loss. */
async function lowerEpoch(folder: string, taken: number): Promise<string | null> {
  const lowest = lowestKept(await readEpochLosses(folder), await checkpointEpochs(folder));
  return lowest === null || lowest.epoch === taken
    ? null
    : `${lowestKeptText(lowest)} --epoch ${lowest.epoch} exports that one.`;
}
