import { usualLearningRate } from '../../native/facts/methods.ts';
import { proposalFor } from '../contract/over-proposal.ts';
import { type RunSpec, runSpecSchema } from '../contract/run-spec.ts';
import { formMethods } from '../contract/runs.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { drawShare } from '../datasets/images/draw-share.ts';
import { isMarkedValidation, splitDataset } from '../datasets/images/split.ts';
import { validationChoice } from './plan.ts';
import {
  type BaseTraits,
  proposedGuidance,
  proposedMethod,
  proposedTraining,
  rateOfCard,
} from './proposed-training.ts';
import { readRunSpec, type ResolvedRunSpec } from './read-run-spec.ts';

/** A run as a person asked for it. */
export interface AskedRun {
  readonly spec: ResolvedRunSpec;
  /** What flags alone say, whose gaps are filled as the page's form would; null of a run file, which is taken by its word. */
  readonly written: unknown;
}

/** Why a value is proposed: the base's card says it, the base's size or the number of images suits it, or the sample has it. */
export type Because = 'card' | 'base' | 'images' | 'marks' | 'sample';

/** A key of the run file that nobody wrote, and what was taken for it. */
export interface Proposed {
  readonly key: string;
  readonly value: unknown;
  readonly because: Because;
}

export interface ProposedRun {
  readonly spec: ResolvedRunSpec;
  readonly proposed: readonly Proposed[];
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsAt(written: unknown, section: string): Fields {
  const found = (written as Fields)[section];
  return typeof found === 'object' && found !== null ? (found as Fields) : {};
}

/** With the method that suits the base, where flags name none. */
export function withProposedMethod(
  { spec, written }: AskedRun,
  base: Pick<BaseTraits, 'resolution'>,
): ProposedRun {
  const kind = proposedMethod(base);
  if (written === null || 'kind' in fieldsAt(written, 'method') || kind === spec.method.kind)
    return { spec, proposed: [] };
  const method = runSpecSchema.shape.method.parse({ ...spec.method, kind });
  return { spec: { ...spec, method }, proposed: [{ key: 'method.kind', value: kind, because: 'base' }] };
}

/**
 * With what the page's form would propose for the base and the images, where flags do not say otherwise. Methods that the form does
 * not offer keep what run files have.
 *
 * @param sampleRunFile says how the sample is trained over the base that comes with it
 */
export async function withProposedTraining(
  { spec, written }: AskedRun,
  base: BaseTraits,
  dataset: Dataset,
  sampleRunFile: string | null,
): Promise<ProposedRun> {
  if (written === null || !formMethods.some((kind) => kind === spec.method.kind))
    return { spec, proposed: [] };
  const data = withProposedSplit({ spec, written }, dataset);
  const tuned = await tunedFor(data.spec, sampleRunFile);
  const images = trainingImages(data.spec, dataset);
  const train = proposalFor(
    {
      method: spec.method,
      train: tuned?.train ?? proposedTraining(spec.method, 'style', base, images),
    },
    { optimizer: spec.train.optimizer, ...pickEpochs(written) },
  );
  const samples = tuned?.samples ?? { ...spec.samples, guidanceScale: proposedGuidance(base) };
  const filled = {
    ...data.spec,
    train: { ...spec.train, ...unwritten(train, trainKeys, written, 'train') },
    samples: { ...spec.samples, ...unwritten(samples, sampleKeys, written, 'samples') },
  };
  const reasons = tuned === null ? reasonsFor(filled, base, images) : sampleReasons;
  const proposed = [...reasons].flatMap(([key, because]): Proposed[] => {
    const [section, name] = key.split('.') as ['train' | 'samples', string];
    const value = (filled[section] as Fields)[name];
    const usual = usualValue(spec.method, section, name);
    const isUsual = key !== 'train.epochs' && JSON.stringify(value) === JSON.stringify(usual);
    return because === null || name in fieldsAt(written, section) || (isUsual && because !== 'card')
      ? []
      : [{ key, value, because }];
  });
  return { spec: filled, proposed: [...data.proposed, ...proposed] };
}

const trainKeys = [
  'learningRate',
  'schedule',
  'warmupSteps',
  'emaDecay',
  'minSnrGamma',
  'batchSize',
  'epochs',
  'checkpoints',
] as const;
const sampleKeys = ['prompts', 'seeds', 'guidanceScale'] as const;

function unwritten<T extends object>(
  proposed: T,
  keys: readonly (keyof T & string)[],
  written: unknown,
  section: string,
): Partial<T> {
  const known = fieldsAt(written, section);
  const all: Partial<T> = {};
  for (const key of keys) if (!(key in known)) all[key] = proposed[key];
  return all;
}

function pickEpochs(written: unknown): { readonly epochs?: number } {
  const { epochs } = fieldsAt(written, 'train');
  return typeof epochs === 'number' ? { epochs } : {};
}

/** Images that their metadata holds out stay held out, as in the studio. */
function withProposedSplit({ spec, written }: AskedRun, { images }: Dataset): ProposedRun {
  const marked = images.some(({ metadata }) => isMarkedValidation(metadata));
  if ('validation' in fieldsAt(written, 'data') || !marked) return { spec, proposed: [] };
  return {
    spec: { ...spec, data: { ...spec.data, validation: 'marked' } },
    proposed: [{ key: 'data.validation', value: 'marked', because: 'marks' }],
  };
}

function trainingImages({ data, train }: ResolvedRunSpec, { images }: Dataset): number {
  const { training } = splitDataset(images, validationChoice(data.validation));
  return drawShare(training, data.share, train.seed).length;
}

/** How the sample is trained over the base that comes with it; null of other images or another base. */
async function tunedFor(
  { base, data, method }: ResolvedRunSpec,
  file: string | null,
): Promise<RunSpec | null> {
  if (file === null) return null;
  const tuned = await readRunSpec(file, []).catch(() => null);
  const isSample = tuned?.base === base && tuned.data.folder === data.folder;
  return isSample && JSON.stringify(tuned.method) === JSON.stringify(method) ? tuned : null;
}

const sampleReasons: ReadonlyMap<string, Because> = new Map(
  [...trainKeys.map((key) => `train.${key}`), ...sampleKeys.map((key) => `samples.${key}`)].map(
    (key) => [key, 'sample'] as const,
  ),
);

function reasonsFor(
  { method, train }: ResolvedRunSpec,
  { advice }: BaseTraits,
  images: number,
): ReadonlyMap<string, Because | null> {
  const ofCard = (value: unknown): Because | null => (value === undefined ? null : 'card');
  return new Map([
    ['train.learningRate', ofCard(rateOfCard(method, advice)) ?? 'base'],
    ['train.schedule', ofCard(advice.schedule)],
    ['train.warmupSteps', train.warmupSteps === advice.warmupSteps ? 'card' : 'images'],
    ['train.emaDecay', ofCard(advice.emaDecay)],
    ['train.minSnrGamma', ofCard(advice.minSnrGamma)],
    ['samples.guidanceScale', ofCard(advice.guidanceScale) ?? 'base'],
    ['train.batchSize', batchBecause(train.batchSize, advice.batchSize, images)],
    ['train.epochs', 'images'],
  ]);
}

function batchBecause(batchSize: number, ofCard: number | undefined, images: number): Because {
  if (batchSize === ofCard) return 'card';
  return batchSize < Math.floor(images / 4) ? 'base' : 'images';
}

/** What a run file that says nothing of it has. */
function usualValue({ kind }: RunSpec['method'], section: 'train' | 'samples', name: string): unknown {
  if (name === 'learningRate') return usualLearningRate(kind, { kind: 'adamw' });
  const { train, samples } = runSpecSchema.shape;
  return (section === 'train' ? (train.parse(undefined) as Fields) : (samples.parse(undefined) as Fields))[
    name
  ];
}
