import { createStore, type StoreApi } from 'zustand/vanilla';

import type { DataShare } from '../../../electron/contract/data-share.ts';
import { type OptimizerKind, usualSettings } from '../../../electron/contract/optimizer-spec.ts';
import { proposalFor } from '../../../electron/contract/over-proposal.ts';
import type { LoraExtras } from '../../../electron/contract/run-spec.ts';
import type { FormMethod, RunAim, RunRequest } from '../../../electron/contract/runs.ts';
import type { CostRate, PromptData, SamplerSettings } from '../../../electron/contract/values.ts';

/** What the studio's defaults depend on; null: as the studio proposes. */
export interface Choice {
  readonly datasetId: number | null;
  readonly baseModelId: number | null;
  readonly method: FormMethod | null;
  /** What it is to learn. */
  readonly aim: RunAim | null;
}

type TaughtWord = Omit<Extract<RunRequest['method'], { readonly kind: 'embedding' }>, 'kind'>;

/** What a person wrote over the defaults. NaN stands for what is no number yet. */
export interface Edits {
  readonly name?: string;
  readonly captionSetIds?: readonly number[];
  readonly shares?: readonly DataShare[];
  readonly moreBaseIds?: readonly number[];
  readonly method?: {
    readonly textEncoder?: boolean;
    readonly rank?: number;
    readonly alpha?: number | undefined;
    /** The file of a LoRA to begin with. */
    readonly from?: string | undefined;
  } & LoraExtras;
  /** Of a new word that is taught. */
  readonly word?: Partial<TaughtWord>;
  readonly resolution?: number | null;
  readonly train?: Partial<RunRequest['train']>;
  readonly prompts?: readonly PromptData[];
  readonly seeds?: readonly number[];
  readonly recipe?: Partial<SamplerSettings>;
  readonly prior?: RunRequest['prior'];
  readonly provider?: RunRequest['provider'];
  readonly gpu?: RunRequest['gpu'];
  readonly tf32?: boolean;
  readonly costRate?: CostRate;
  readonly sweep?: RunRequest['sweep'];
}

export interface RequestDraft {
  readonly choice: Choice;
  readonly edits: Edits;
}

export const untouched: RequestDraft = {
  choice: { datasetId: null, baseModelId: null, method: null, aim: null },
  edits: {},
};

/** The defaults with what a person wrote laid over them. */
export function requestOf(defaults: RunRequest, edits: Edits): RunRequest {
  const { captionSetIds, shares, moreBaseIds, method, word, train, ...others } = edits;
  const { prompts, seeds, recipe, ...plain } = others;
  return {
    ...defaults,
    ...plain,
    method: methodWith(defaults.method, method ?? {}, word),
    train: { ...proposalFor(defaults, train ?? {}), ...train },
    recipe: { ...defaults.recipe, ...sizeLike(plain.resolution), ...recipe },
    ...(captionSetIds && { captionSetIds: [...captionSetIds] }),
    ...(shares && { shares: [...shares] }),
    ...(moreBaseIds && { moreBaseIds: [...moreBaseIds] }),
    ...(prompts && { prompts: [...prompts] }),
    ...(seeds && { seeds: [...seeds] }),
  };
}

/** Pictures are as large as what is trained on, unless somebody says otherwise. */
function sizeLike(resolution: number | null | undefined): Partial<SamplerSettings> {
  return resolution == null || Number.isNaN(resolution) ? {} : { width: resolution, height: resolution };
}

function methodWith(
  method: RunRequest['method'],
  edits: NonNullable<Edits['method']>,
  word: Edits['word'],
): RunRequest['method'] {
  switch (method.kind) {
    case 'lora':
      return { ...method, ...edits };
    case 'full':
      return { ...method, textEncoder: edits.textEncoder ?? method.textEncoder };
    case 'embedding':
      return { ...method, ...word };
    default:
      return method;
  }
}

/** Parts that are objects are laid over one another, everything else is replaced. */
export function withEdits(edits: Edits, change: Edits): Edits {
  return {
    ...edits,
    ...change,
    ...(change.method && { method: { ...edits.method, ...change.method } }),
    ...(change.word && { word: { ...edits.word, ...change.word } }),
    ...(change.train && { train: { ...edits.train, ...change.train } }),
    ...(change.recipe && { recipe: { ...edits.recipe, ...change.recipe } }),
  };
}

/** Another data set: its caption sets and the prompts made of its captions are not the old one's. */
function withDataset({ choice, edits }: RequestDraft, datasetId: number): RequestDraft {
  const { captionSetIds: _sets, name: _name, ...kept } = edits;
  return { choice: { ...choice, datasetId }, edits: kept };
}

/**
 * Another base: a size that was typed stays, and the form says where it does not suit the base. What was to be tried out was
 * thought of for the other one.
 */
function withBase({ choice, edits }: RequestDraft, baseModelId: number): RequestDraft {
  const { name: _name, sweep: _sweep, moreBaseIds, ...kept } = edits;
  const others = moreBaseIds && { moreBaseIds: moreBaseIds.filter((id) => id !== baseModelId) };
  return { choice: { ...choice, baseModelId }, edits: { ...kept, ...others } };
}

/** Another method: its own learning rates, which differ by an order of magnitude. */
function withMethod({ choice, edits }: RequestDraft, method: FormMethod): RequestDraft {
  const { train, name: _name, sweep: _sweep, ...kept } = edits;
  const { learningRate: _rate, ...trainKept } = train ?? {};
  // Class images keep what a model knows, and a new word changes nothing of that.
  const prior = method === 'embedding' ? { prior: null } : {};
  return { choice: { ...choice, method }, edits: { ...kept, ...prior, train: trainKept } };
}

/** Something else to learn: what is proposed for it replaces what was written over the last proposal. */
function withAim({ choice, edits }: RequestDraft, aim: RunAim): RequestDraft {
  const { train, method, ...kept } = edits;
  const { learningRate: _rate, epochs: _epochs, randomFlip: _flip, ...trainKept } = train ?? {};
  const { rank: _rank, textEncoder: _textEncoder, ...methodKept } = method ?? {};
  return { choice: { ...choice, aim }, edits: { ...kept, train: trainKept, method: methodKept } };
}

/** Another optimizer, as it is usually set, and the learning rate that suits it. */
function withOptimizer({ choice, edits }: RequestDraft, kind: OptimizerKind): RequestDraft {
  const { learningRate: _rate, ...train } = edits.train ?? {};
  return { choice, edits: { ...edits, train: { ...train, optimizer: usualSettings(kind) } } };
}

/** Everything as in a run that was, under a name of its own. */
export function draftLike(request: RunRequest): RequestDraft {
  const { name: _name, datasetId, baseModelId, method, ...rest } = request;
  if (method.kind === 'embedding') {
    const { kind, ...word } = method;
    return { choice: { datasetId, baseModelId, method: kind, aim: null }, edits: { ...rest, word } };
  }
  const kind = method.kind === 'lora' ? 'lora' : 'full';
  const { kind: _kind, ...settings } =
    method.kind === 'lora' ? method : { kind, textEncoder: textEncoderOf(method) };
  return {
    choice: { datasetId, baseModelId, method: kind, aim: null },
    edits: { ...rest, method: settings },
  };
}

const textEncoderOf = (method: RunRequest['method']) => 'textEncoder' in method && method.textEncoder;

export interface DraftActions {
  readonly chooseDataset: (datasetId: number) => void;
  readonly chooseBase: (baseModelId: number) => void;
  readonly chooseMethod: (method: FormMethod) => void;
  readonly chooseAim: (aim: RunAim) => void;
  readonly chooseOptimizer: (kind: OptimizerKind) => void;
  readonly edit: (change: Edits) => void;
  readonly fillFrom: (request: RunRequest) => void;
  readonly startOver: () => void;
  /** After a start: the same again would be named anew, and what was to be tried out is. */
  readonly forgetStarted: () => void;
}

export type DraftStore = StoreApi<RequestDraft & DraftActions>;

/** The run being put together, kept while one moves between screens. */
export function createDraftStore(): DraftStore {
  return createStore<RequestDraft & DraftActions>((set) => ({
    ...untouched,
    chooseDataset: (datasetId) => {
      set((draft) => withDataset(draft, datasetId));
    },
    chooseBase: (baseModelId) => {
      set((draft) => withBase(draft, baseModelId));
    },
    chooseMethod: (method) => {
      set((draft) => withMethod(draft, method));
    },
    chooseAim: (aim) => {
      set((draft) => withAim(draft, aim));
    },
    chooseOptimizer: (kind) => {
      set((draft) => withOptimizer(draft, kind));
    },
    edit: (change) => {
      set(({ edits }) => ({ edits: withEdits(edits, change) }));
    },
    fillFrom: (request) => {
      set(draftLike(request));
    },
    startOver: () => {
      set(untouched);
    },
    forgetStarted: () => {
      set(({ edits: { name: _name, sweep: _sweep, ...kept } }) => ({ edits: kept }));
    },
  }));
}
