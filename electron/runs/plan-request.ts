import { statfs } from 'node:fs/promises';

import { Failure } from '../../native/failure.ts';
import { readAdapterModules } from '../../native/families/read-facts.ts';
import { mainMemory } from '../../native/runtime/main-memory.ts';
import { type Provider, usesMainMemory } from '../../native/runtime/runtime.ts';
import { totalBytes } from '../../native/training/memory-plan.ts';
import { type DataShare, shareText } from '../contract/data-share.ts';
import { doesNotFit, inUse } from '../contract/memory-text.ts';
import type { Override } from '../contract/parse-run-spec.ts';
import { bytesText, countOf, countText } from '../contract/quantities.ts';
import { runSpecSchema } from '../contract/run-spec.ts';
import { type RunPlan, type RunRequest, runRequestSchema } from '../contract/runs.ts';
import { mostRunsAtOnce, sweptOverrides, sweptText, withSwept } from '../contract/sweep.ts';
import { drawShare } from '../datasets/images/draw-share.ts';
import type { RunData } from '../datasets/run-data.ts';
import { deviceChoice } from '../engine/device-choice.ts';
import { baseFor, readBaseFacts } from './base-model.ts';
import { checkBase } from './check-base.ts';
import { checkLentWords } from './check-lent-words.ts';
import { readClassImages } from './class-images.ts';
import { classImageSeconds } from './class-images-time.ts';
import { costOf } from './cost.ts';
import { footprintOf, type ParameterCounts } from './footprint.ts';
import { latentCacheBytes } from './latent-cache.ts';
import { checkLoraBeginning } from './lora-beginning.ts';
import { memoryOf, missingGpu, type PlannedMemory } from './memory.ts';
import { planJob, shareWarning } from './plan.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';
import type { Run } from './run-folder.ts';
import { promptsOf } from './run-prompts.ts';
import { type SpeedKey, speedKey, type Speeds } from './speeds.ts';
import { captionWarning, cutTexts, promptWarning, readingOf } from './text-lengths.ts';
import { toldWarnings } from './told-warnings.ts';
import { taughtWords, unknownWords } from './unknown-words.ts';
import { wordWarnings } from './word-warnings.ts';

const noneHeldOut =
  'No image is held out, so overfitting will not show in numbers. “Hold out…” in the data set keeps some from training.';

/** A model of the library as a run starts from it. */
export interface RunBase {
  readonly id: number;
  readonly name: string;
  readonly folder: string;
  readonly counts: ParameterCounts;
}

export interface RequestDeps {
  /** Throws Failure `model-missing`. */
  readonly base: (modelId: number) => Promise<RunBase>;
  readonly data: (datasetId: number, captionSetId: number, seed: number) => RunData | Promise<RunData>;
  readonly speeds: Speeds;
  readonly cacheFolder: string;
  /** A folder on the disk that checkpoints are written to. */
  readonly runsFolder: string;
}

/** One run of a request; its folder is settled when it is made. */
export interface PlannedRequest {
  readonly captionSetId: number;
  readonly share: DataShare;
  /** As asked for, with this run's values of what is tried. */
  readonly request: RunRequest;
  /** Its own among several, which side by side would all be called the same. */
  readonly name: string;
  readonly plan: RunPlan;
  readonly run: Run;
  readonly base: RunBase;
  readonly datasetName: string;
  readonly captionSetName: string;
}

/**
 * What a request's runs come to, one for each base, caption set and share. Their pictures are of the same prompts, or captions could not
 * be compared: where nobody named any, captions of the set that says most about the held-out images.
 * @throws Failure `picture-size`, and what models, data and `planJob` throw
 */
export async function planRequest(
  request: RunRequest,
  deps: RequestDeps,
): Promise<readonly PlannedRequest[]> {
  const choices = choicesOf(checkedSweep(request));
  const planned: PlannedRequest[] = [];
  for (const choice of choices) planned.push(await planOne(request, choice, deps));
  const said = ({ plan }: PlannedRequest) =>
    new Set(plan.prompts.map(({ prompt }) => prompt).filter(Boolean)).size;
  const [most] = planned.toSorted((a, b) => said(b) - said(a));
  const { prompts } = most!.plan;
  const warnings = toldWarnings(planned.map(({ name, plan }) => ({ name, warnings: plan.warnings })));
  const unknown = [...new Set(planned.flatMap(({ plan }) => plan.unknownWords))];
  const { captionExamples: examples, freeDiskBytes } = most!.plan;
  const captionExamples =
    new Set(request.captionSetIds).size === 1
      ? examples
      : planned.map(({ plan }) => plan.captionExamples[0] ?? '');
  const { neededBytes, ...all } = totalsOf(planned);
  const cacheBytes = Math.max(...planned.map(({ plan }) => plan.cacheBytes));
  return planned.map((one) => ({
    ...one,
    plan: {
      ...{ ...one.plan, ...all, cacheBytes, prompts, captionExamples, unknownWords: unknown },
      warnings: [...warnings, ...diskWarning(neededBytes + cacheBytes, freeDiskBytes)],
    },
    run: {
      ...one.run,
      spec: { ...one.run.spec, samples: { ...one.run.spec.samples, prompts: [...prompts] } },
    },
  }));
}

/** What one of a request's runs has of its own. */
interface RunChoice {
  readonly baseModelId: number;
  readonly captionSetId: number;
  readonly share: DataShare;
  readonly overrides: readonly Override[];
}

/** What is tried is named as settings are; one that has no such value is found before anything is planned. */
function checkedSweep(request: RunRequest): RunRequest {
  for (const overrides of sweptOverrides(request.sweep ?? [])) sweptRequest(request, overrides);
  return request;
}

/**
 * A request with the values of one run.
 *
 * @throws Failure `sweep-invalid`
 */
function sweptRequest(request: RunRequest, overrides: readonly Override[]): RunRequest {
  if (overrides.length === 0) return request;
  const settings = withSwept({ method: request.method, train: request.train }, overrides) as object;
  const parsed = runRequestSchema.safeParse({ ...request, ...settings, sweep: undefined });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Failure(
    'sweep-invalid',
    `${sweptText(overrides, request.sweep ?? []) || 'What is to be tried'} cannot be trained: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
    'Choose other values for the settings that are tried out.',
    parsed.error,
  );
}

function choicesOf(request: RunRequest): readonly RunChoice[] {
  const bases = new Set([request.baseModelId, ...request.moreBaseIds]);
  const [captionSets, shares] = [new Set(request.captionSetIds), new Set(request.shares)];
  const swept = sweptOverrides(request.sweep ?? []);
  const count = bases.size * captionSets.size * shares.size * swept.length;
  if (count > mostRunsAtOnce)
    throw new Failure(
      'too-many-runs',
      `That comes to ${countText(count)} runs; ${mostRunsAtOnce} at once are the most.`,
      'Choose fewer bases, captions, shares or values.',
    );
  return [...bases].flatMap((baseModelId) =>
    [...captionSets].flatMap((captionSetId) =>
      [...shares].flatMap((share) =>
        swept.map((overrides) => ({
          ...{ baseModelId, captionSetId, share, overrides },
        })),
      ),
    ),
  );
}

/** What several runs come to together, and each. */
function totalsOf(planned: readonly PlannedRequest[]) {
  const sum = (values: readonly (number | null)[]) =>
    values.reduce((all: number | null, value) => (all === null || value === null ? null : all + value), 0);
  const each = planned.map(({ name, plan }) => ({
    name,
    images: plan.images,
    steps: plan.steps,
    seconds: plan.seconds,
    cost: plan.cost,
    diskBytes: plan.diskBytes,
  }));
  return {
    runs: planned.length,
    each: planned.length > 1 ? each : [],
    seconds: sum(each.map(({ seconds }) => seconds)),
    cost: sum(each.map(({ cost }) => cost)),
    neededBytes: sum(each.map(({ diskBytes }) => diskBytes)) ?? 0,
  };
}

async function planOne(asked: RunRequest, choice: RunChoice, deps: RequestDeps): Promise<PlannedRequest> {
  const { captionSetId, share, overrides } = choice;
  const request = sweptRequest(asked, overrides);
  const base = await deps.base(choice.baseModelId);
  const whole = await deps.data(request.datasetId, captionSetId, request.train.seed);
  const data = {
    ...whole,
    training: drawShare(whole.training, share, request.train.seed),
    warnings: [...whole.warnings, ...shareWarning(share, whole.training.length)],
  };
  const facts = await readBaseFacts(base.folder);
  const model = baseFor(base.folder, facts, request.method.kind);
  checkSize(request, model.vaeFactor);
  await checkLoraBeginning(request.method);
  const spec = specOf(request, base.folder, data, share, deps.runsFolder);
  await checkBase(spec, facts);
  await checkLentWords(spec);
  const classImages = await readClassImages(spec.prior);
  const { run, summary } = planJob({ spec, base: model, data, cacheFolder: deps.cacheFolder, classImages });

  const cut = await cutTexts(run);
  const reading = await readingOf(base.folder);
  const { job } = run;
  const { settings } = job;
  const uses = job.images.reduce((sum, { repeats = 1 }) => sum + repeats, 0);
  const adapters = job.method.kind === 'lora' ? await readAdapterModules(base.folder) : [];
  const footprint = footprintOf({ ...facts, counts: base.counts, adapters }, job.method, settings);
  const planned = await memoryOf(job);
  const amiss = await missingGpu(job.device);
  const memoryBytes = planned === null ? footprint.memoryBytes : totalBytes(planned.memory);
  const speed = deps.speeds.get(speedKeyOf(request.provider, base, run));
  const secondsPerEpoch = speed === null ? null : speed * uses;
  const making = classImageSeconds(job.prior, speed);
  const seconds = secondsPerEpoch === null ? null : secondsPerEpoch * settings.epochs + (making ?? 0);
  const { bavail, bsize } = await statfs(deps.runsFolder);
  const freeDiskBytes = bavail * bsize;
  const plan: RunPlan = {
    images: summary.images,
    heldOut: summary.heldOut,
    resolution: summary.resolution,
    buckets: summary.buckets.map((bucket) => ({ ...bucket })),
    stepsPerEpoch: summary.stepsPerEpoch,
    epochs: summary.epochs,
    steps: summary.steps,
    checkpoints: [...summary.checkpoints],
    classImages: summary.classImages,
    runs: 1,
    each: [],
    secondsPerEpoch,
    classImageSeconds: making,
    seconds,
    cost: seconds === null ? null : costOf(seconds, request.costRate),
    ...footprint,
    cacheBytes: latentCacheBytes(job, facts),
    memoryBytes,
    memoryParts: planned?.memory ?? null,
    freeDiskBytes,
    captionExamples: examplesOf(run),
    // What is to be taught is unknown by intent, and the rest of its captions are of our making.
    unknownWords:
      reading === null || job.method.kind === 'embedding'
        ? []
        : await unknownWords(reading, job.images, await taughtWords(base.folder)),
    prompts: promptsOf(run).map((prompt) => ({ ...prompt })),
    warnings: [
      ...summary.warnings,
      ...(await wordWarnings(run)),
      ...(cut === null
        ? []
        : [...captionWarning(cut.read, cut.captions), ...promptWarning(cut.readOfPrompt, cut.prompts)]),
      ...(amiss === null ? [] : [amiss]),
      ...memoryWarning(request.provider, memoryBytes, planned),
      ...(settings.schedule.warmupSteps >= summary.steps
        ? [
            `The warm-up of ${countOf(settings.schedule.warmupSteps, 'step')} is not shorter than the run, which has ${summary.steps}.`,
          ]
        : []),
      ...(summary.heldOut === 0 ? [noneHeldOut] : []),
    ],
  };
  return {
    captionSetId,
    share,
    request,
    name: nameOf(asked, base.name, data.captionSetName, choice),
    plan,
    run,
    base,
    datasetName: data.datasetName,
    captionSetName: data.captionSetName,
  };
}

export function speedKeyOf(
  provider: string | null,
  base: Pick<RunBase, 'counts'>,
  { job, spec }: Run,
): SpeedKey {
  return speedKey(provider, base.counts, job, spec.resolution);
}

function nameOf(
  request: RunRequest,
  base: string,
  captions: string,
  { share, overrides }: Pick<RunChoice, 'share' | 'overrides'>,
): string {
  const swept = sweptText(overrides, request.sweep ?? []);
  return [
    request.name,
    ...(new Set(request.captionSetIds).size > 1 ? [captions] : []),
    ...(new Set(request.shares).size > 1 ? [shareText(share)] : []),
    ...(new Set([request.baseModelId, ...request.moreBaseIds]).size > 1 ? [`on ${base}`] : []),
    ...(swept === '' ? [] : [swept]),
  ].join(', ');
}

function specOf(
  request: RunRequest,
  baseFolder: string,
  data: RunData,
  share: DataShare,
  folder: string,
): ResolvedRunSpec {
  const { name, method, train, recipe, prompts, seeds, resolution, prior } = request;
  const spec = runSpecSchema.parse({
    name,
    base: baseFolder,
    data: {
      folder: data.folder ?? data.datasetName,
      share,
      validation: data.heldOut.length === 0 ? 0 : data.heldOut.map(({ id }) => id),
    },
    method,
    ...(resolution === null ? {} : { resolution }),
    train,
    samples: { prompts, seeds, ...recipe },
    ...(prior === null ? {} : { prior }),
    device: deviceChoice(request),
  });
  return { ...spec, name, folder };
}

function checkSize({ recipe }: RunRequest, step: number): void {
  for (const side of ['width', 'height'] as const) {
    if (recipe[side] % step === 0) continue;
    throw new Failure(
      'picture-size',
      `This model cannot make pictures of ${side} ${recipe[side]}.`,
      `Choose a multiple of ${step}.`,
    );
  }
}

function examplesOf({ job }: Run): string[] {
  const texts = new Set(job.images.slice(0, 200).flatMap(({ captions }) => captions.slice(0, 1)));
  return [...texts].slice(0, 4);
}

function diskWarning(needed: number, free: number): readonly string[] {
  if (needed < free) return [];
  return [
    `The checkpoints and prepared images need ${bytesText(needed)}, and this disk has ${bytesText(free)} left. Keep fewer checkpoints.`,
  ];
}

/**
 * What is said of a step's memory; nothing where it fits, or where it is not known what there is of it. Without a choice of provider
 * it goes by the likely one: a GPU that CUDA does not serve is known at the start, and seldom has more memory than the machine.
 */
export function memoryWarning(
  provider: Provider | null,
  needed: number,
  planned: Pick<PlannedMemory, 'available' | 'free' | 'ways'> | null,
): readonly string[] {
  const available =
    planned?.available ?? (provider !== null && usesMainMemory(provider) ? mainMemory() : null);
  const warning = doesNotFit(needed, available, planned?.ways ?? []);
  const all = [warning ?? inUse(needed, available, planned?.free ?? null)];
  return all.filter((text) => text !== null);
}
