import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import {
  type CaptionerFacts,
  captionerVocabulary,
  describeCaptioner,
} from '../../../native/captioning/captioner-files.ts';
import { captionerKindLabels, writesTags } from '../../../native/facts/captioning.ts';
import { embeddedBaseWidth, type EmbeddingFacts } from '../../../native/facts/embedding-facts.ts';
import { loraBaseNames, type LoraFacts, ranksText } from '../../../native/facts/lora-facts.ts';
import { Failure } from '../../../native/failure.ts';
import type { InfoResult } from '../../../native/jobs.ts';
import { learnedText, whatWasLearned } from '../../contract/learned.ts';
import { methodName, methodText } from '../../contract/method-text.ts';
import { bytesText, countOf, lossText } from '../../contract/quantities.ts';
import {
  checkpointEpochs,
  isRunFolder,
  readEpochLosses,
  readOutcome,
  readRun,
} from '../../runs/run-folder.ts';
import type { CommandContext } from './context.ts';

/** What this machine can do, or what lies at a path. */
export async function infoCommand(
  context: CommandContext,
  what: string | undefined,
  probe = false,
): Promise<void> {
  const { engine, terminal, workingFolder, software } = context;
  const file = what === undefined ? undefined : resolve(workingFolder, what);
  if (file !== undefined && (await isRunFolder(file))) {
    await describeRun(context, file);
    return;
  }
  const captioner = file === undefined ? null : await captionerAt(file);
  if (captioner !== null) {
    describeCaptioningModel(context, captioner);
    return;
  }
  const info = await engine.run(
    { kind: 'info', ...(file === undefined ? {} : { path: file, probe }) },
    { onLog: terminal.log },
  );
  terminal.object({ software, node: process.version, ...info });
  if (info.model === null) describeMachine(context, info);
  else describeModel(context, info.model);
}

type Captioner = CaptionerFacts & { readonly folder: string; readonly vocabulary: number };

/**
 * Null where no captioning model lies.
 * @throws Failure `captioner-incomplete` of one that lacks a file
 */
async function captionerAt(folder: string): Promise<Captioner | null> {
  const files = await readdir(folder).catch((): readonly string[] => []);
  if (files.length === 0 || files.includes('model_index.json')) return null;
  try {
    return {
      ...(await describeCaptioner(folder)),
      ...{ folder, vocabulary: await captionerVocabulary(folder) },
    };
  } catch (error) {
    if (error instanceof Failure && error.code === 'captioner-unknown') return null;
    throw error;
  }
}

function describeCaptioningModel({ terminal }: CommandContext, captioner: Captioner): void {
  const { folder, kind, bytes, vocabulary } = captioner;
  terminal.object({ ...captioner, kind: 'captioner', captioner: kind });
  terminal.line(`${folder}: a captioning model (${captionerKindLabels[kind]})`);
  terminal.line(
    writesTags(kind)
      ? `  writes tags: it knows ${countOf(vocabulary, 'tag')}`
      : `  writes sentences: its vocabulary has ${countOf(vocabulary, 'token')}`,
  );
  terminal.line(`  ${bytesText(bytes)}`);
  terminal.line(`Caption with it: screenfold caption ${folder} <folder of images>`);
}

function describeMachine(
  { terminal, software }: CommandContext,
  { runtime, providers, notes }: InfoResult,
): void {
  terminal.line(`${software}, Node ${process.version.slice(1)}, ${runtime}`);
  terminal.line('');
  terminal.line('What it can compute on, best first:');
  for (const { provider, available, reason } of providers) {
    terminal.line(`  ${available ? '✓' : '–'} ${provider.padEnd(9)} ${reason}`);
  }
  // Most notes are the reasons above; the others say why something that works does not serve.
  for (const note of notes) {
    if (!providers.some(({ reason }) => note.endsWith(reason))) terminal.line(note);
  }
}

function describeModel({ terminal }: CommandContext, model: NonNullable<InfoResult['model']>): void {
  terminal.line(model.label === undefined ? model.path : `${model.path}: ${model.label}`);
  for (const reason of model.reasons ?? []) terminal.line(`  ${reason}`);
  if (model.probed != null)
    terminal.line(
      `  it was found to predict ${model.probed.type === 'epsilon' ? 'noise' : 'velocity'}: ${model.probed.because}`,
    );
  if (model.probed === null) terminal.line('  trying did not tell what it predicts');
  if (model.method !== undefined) terminal.line(`  trained: ${methodText(model.method)}`);
  if (model.lora !== undefined) for (const line of loraLines(model.lora)) terminal.line(`  ${line}`);
  if (model.embedding !== undefined)
    for (const line of embeddingLines(model.embedding)) terminal.line(`  ${line}`);
  for (const { name, className, parameters, dtype } of model.components) {
    terminal.line(
      `  ${name.padEnd(14)} ${className.padEnd(28)} ${(parameters / 1e6).toFixed(2).padStart(9)} M  ${dtype}`,
    );
  }
  for (const [key, value] of Object.entries(model.metadata)) {
    terminal.line(`  ${key}: ${value.length > 200 ? `${value.slice(0, 199)}…` : value}`);
  }
}

function loraLines({ ranks, modules, naming, trainedOn, words }: LoraFacts): readonly string[] {
  const on = modules.map(({ part, count }) => `${countOf(count, 'module')} of the ${part}`).join(', ');
  return [
    `${ranksText(ranks)}, on ${on}, in ${naming === 'diffusers' ? naming : `${naming}’s`} names`,
    ...(trainedOn === null ? [] : [`trained on ${trainedOn}`]),
    ...(words.length === 0
      ? []
      : [
          `words: ${words
            .slice(0, 10)
            .map(({ word }) => word)
            .join(', ')}`,
        ]),
  ];
}

function embeddingLines({ word, vectors, widths, base }: EmbeddingFacts): readonly string[] {
  const width = widths.join(' and ');
  const fits =
    base !== null
      ? `models of ${loraBaseNames[base]}`
      : widths.join() === String(embeddedBaseWidth)
        ? 'the base that comes with Screenfold'
        : 'no usual model';
  return [
    word === '' ? 'the file does not name its word' : `its word: ${word}`,
    `${countOf(vectors, 'vector')} of ${width} numbers, which fit ${fits}`,
  ];
}

async function describeRun({ terminal }: CommandContext, folder: string): Promise<void> {
  const run = await readRun(folder);
  const [outcome, kept, losses] = [
    await readOutcome(folder),
    await checkpointEpochs(folder),
    await readEpochLosses(folder),
  ];
  terminal.object({
    kind: 'run',
    folder,
    name: run.spec.name,
    job: run.job,
    outcome,
    checkpoints: kept,
    losses,
  });

  const { settings, method, images, validation, base } = run.job;
  terminal.line(
    `${run.spec.name}: ${methodName(method.kind)}, ${countOf(images.length, 'image')} and ${validation.length} held out, over ${base}`,
  );
  terminal.line(`  trained: ${methodText(method)}`);
  const end = outcome?.end === 'finished' ? 'finished' : 'not finished';
  terminal.line(`  ${losses.at(-1)?.epoch ?? 0} of ${countOf(settings.epochs, 'epoch')}, ${end}`);
  const lossesOf = (epoch: number) => losses.find((entry) => entry.epoch === epoch);
  const before = lossesOf(0);
  if (before !== undefined)
    terminal.line(`  before training${' '.repeat(9)}held out ${lossText(before.validationLoss)}`);
  for (const epoch of kept) {
    const loss = lossesOf(epoch);
    terminal.line(
      `  epoch ${String(epoch).padStart(4)}   train ${lossText(loss?.trainLoss ?? null)}   held out ${lossText(loss?.validationLoss ?? null)}`,
    );
  }
  const learned = whatWasLearned(losses, kept);
  if (learned !== null) terminal.line(learnedText(learned));
  if (end !== 'finished') terminal.line(`Resume it: screenfold resume ${folder}`);
}
