import { join, resolve } from 'node:path';

import type { PrecisionChoice } from '../../../native/facts/precision.ts';
import type { SamplerName } from '../../../native/facts/samplers.ts';
import { Failure } from '../../../native/failure.ts';
import { makeFolder, removeAbandonedWrites } from '../../../native/files/atomic-file.ts';
import { exists } from '../../../native/files/exists.ts';
import type { EmbeddingUse, GenerateJob, LoraUse, ModelReference, Picture } from '../../../native/jobs.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { slug } from '../../library/file-name.ts';
import { readBaseModel } from '../../runs/base-model.ts';
import { checkWordFiles } from '../../runs/check-lent-words.ts';
import { checkpointEpochs, isRunFolder, modelAt, readRun } from '../../runs/run-folder.ts';
import { cutPrompts, ofPrompts, promptWarning, readingOf, withLentWords } from '../../runs/text-lengths.ts';
import { type CommandContext, type ExitCode, exitCodes, runJobInTerminal, usage } from './context.ts';
import { tellLentWords } from './lent-words.ts';
import { withLoras } from './with-loras.ts';
import { type ModelParts, warnOfGuess, withParts } from './with-parts.ts';

export interface GenerateOptions {
  /** A run's folder or a model's. */
  readonly from: string;
  /** Of a run; left out: its last checkpoint. */
  readonly epoch?: number;
  readonly loraScale?: number;
  /** Laid over the model, in this order; paths as they were typed. */
  readonly loras: readonly LoraUse[];
  /** New words for its prompts; paths as they were typed. */
  readonly embeddings?: readonly EmbeddingUse[];
  /** Taken for the model from elsewhere. */
  readonly parts?: ModelParts;
  readonly prompts: readonly string[];
  readonly negativePrompt: string;
  readonly seeds: readonly number[];
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidanceScale: number;
  /** Left out: the one that the run was trained with, else 1. */
  readonly clipSkip?: number;
  /** Pixels; left out: what the base was made for. */
  readonly width?: number;
  readonly height?: number;
  readonly output: string;
  readonly batchSize: number;
  readonly device: DeviceChoice;
  /** Left out: float32. */
  readonly precision?: PrecisionChoice;
}

/** Makes one picture of every prompt and seed. */
export async function generateCommand(context: CommandContext, options: GenerateOptions): Promise<ExitCode> {
  const { workingFolder } = context;
  if (options.prompts.length === 0) {
    throw usage('There is no prompt.', 'Give at least one: --prompt "a red bicycle"');
  }
  const from = await modelOf(resolve(workingFolder, options.from), options);
  const laid = withLoras(from.model, options.loras, workingFolder);
  const { embeddings = [] } = options;
  const files = embeddings.map((use) => ({ ...use, file: resolve(workingFolder, use.file) }));
  await checkWordFiles(files);
  const model = files.length === 0 ? laid : { ...laid, embeddings: files };
  const asked = { clipSkip: from.clipSkip, ...options };
  return withParts(model.base, options.parts ?? {}, workingFolder, (base) =>
    generateFrom(context, { ...model, base }, asked),
  );
}

async function generateFrom(
  context: CommandContext,
  model: ModelReference,
  options: GenerateOptions,
): Promise<ExitCode> {
  const { terminal, workingFolder } = context;
  await warnOfGuess(model.base, terminal);
  const base = await readBaseModel(model.base, 'full');
  const { width = options.height ?? base.resolution, height = width } = options;
  for (const [name, extent] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (extent % base.vaeFactor !== 0) {
      throw usage(
        `This model cannot make pictures of ${name} ${extent}.`,
        `Choose a multiple of ${base.vaeFactor}.`,
      );
    }
  }

  const cut = await cutOf(model, options);
  if (cut !== null) for (const line of promptWarning(cut.read, cut.prompts)) terminal.warn(line);

  const texts = [...options.prompts, options.negativePrompt];
  await tellLentWords(terminal, model.base, model.embeddings ?? [], texts);

  const folder = resolve(workingFolder, options.output);
  await makeFolder(folder);
  await removeAbandonedWrites(folder);
  const taken = new Set<string>();
  const pictures: Picture[] = [];
  for (const prompt of options.prompts) {
    for (const seed of options.seeds) {
      const output = await freeName(folder, `${slug(prompt)}-${seed}`, taken);
      const { negativePrompt, sampler, steps, guidanceScale, clipSkip = 1 } = options;
      pictures.push({
        model,
        prompt,
        negativePrompt,
        seed,
        sampler,
        steps,
        guidanceScale,
        ...(clipSkip > 1 && { clipSkip }),
        width,
        height,
        output,
      });
    }
  }
  const job: GenerateJob = {
    kind: 'generate',
    pictures,
    batchSize: options.batchSize,
    device: options.device,
    ...(options.precision && { precision: options.precision }),
  };
  const { result, interrupted } = await runJobInTerminal(context, job, { pictures: pictures.length });
  for (const { output } of pictures.slice(0, result.pictures)) terminal.line(output);
  terminal.object({ ...result, files: pictures.slice(0, result.pictures).map(({ output }) => output), cut });
  return interrupted ? exitCodes.interrupted : exitCodes.ok;
}

/** The prompts of which the model does not read all; null where its tokenizer cannot be used. */
async function cutOf({ base, embeddings }: ModelReference, { prompts, negativePrompt }: GenerateOptions) {
  const reading = await readingOf(base);
  if (reading === null) return null;
  const asked = prompts.map((prompt) => ({ prompt, negativePrompt }));
  const asPrompts = ofPrompts(await withLentWords(reading, embeddings));
  return { read: asPrompts.limit, prompts: cutPrompts(asPrompts, asked) };
}

interface From {
  readonly model: ModelReference;
  /** That it was trained with. */
  readonly clipSkip: number;
}

async function modelOf(from: string, { epoch, loraScale }: GenerateOptions): Promise<From> {
  if (!(await isRunFolder(from))) {
    if (epoch === undefined) return { model: { base: from }, clipSkip: 1 };
    throw usage(
      `${from} is not a run, so it has no epochs.`,
      'Leave --epoch out, or give the folder of a run.',
    );
  }
  const run = await readRun(from);
  const kept = await checkpointEpochs(from);
  const chosen = epoch ?? kept.at(-1) ?? 0;
  if (chosen !== 0 && !kept.includes(chosen)) {
    throw new Failure(
      'no-such-epoch',
      `The run ${from} has no checkpoint of epoch ${chosen}.`,
      `It has ${['the base (0)', ...kept].join(', ')}.`,
    );
  }
  const model = modelAt(run, chosen);
  const { clipSkip = 1 } = run.job.settings;
  return { model: loraScale === undefined ? model : { ...model, loraScale }, clipSkip };
}

/** `name.png`, or `name-2.png` and so on where that is taken: no picture is written over. */
async function freeName(folder: string, name: string, taken: Set<string>): Promise<string> {
  for (let count = 1; ; count++) {
    const file = join(folder, `${name}${count === 1 ? '' : `-${count}`}.png`);
    if (taken.has(file) || (await exists(file))) continue;
    taken.add(file);
    return file;
  }
}
