import { Failure } from '../../native/failure.ts';
import type { LoraUse, ModelReference } from '../../native/jobs.ts';
import type { ParsedInputOf } from '../contract/api.ts';
import { checkpointEpochs, modelAt } from '../runs/run-folder.ts';
import type { RunReader } from '../runs/run-reader.ts';
import type { RunRecords } from '../runs/run-records.ts';
import { withWords } from './lent-words.ts';
import type { SampleRecord } from './sample-records.ts';

type Source = ParsedInputOf<'gallery.generate'>['model'];

/** The weights that pictures are made of. */
export interface PictureWeights {
  /** Throws Failure `model-missing`, `run-missing`, `no-such-epoch`. */
  readonly ofSource: (source: Source) => Promise<ModelReference>;
  /** As above, and `lora-missing`. */
  readonly ofSample: (sample: SampleRecord) => Promise<ModelReference>;
}

export function createPictureWeights(
  runs: RunRecords,
  read: RunReader,
  modelFolder: (modelId: number) => string,
  loraUses: (choices: NonNullable<SampleRecord['loras']>) => Promise<readonly LoraUse[]>,
): PictureWeights {
  const ofSource = async (source: Source): Promise<ModelReference> => {
    if (source.kind === 'model') return { base: modelFolder(source.modelId) };
    const run = await read(runs.get(source.runId));
    if (source.epoch !== 0 && !(await checkpointEpochs(run.folder)).includes(source.epoch)) {
      throw new Failure(
        'no-such-epoch',
        `${run.spec.name} has no checkpoint of epoch ${source.epoch}.`,
        'Choose an epoch with a checkpoint.',
      );
    }
    return modelAt(run, source.epoch);
  };
  return {
    ofSource,
    ofSample: async (sample) => {
      const model = withWords(await ofSource(sourceOf(sample)), sample.recipe);
      const { loras = [] } = sample;
      return loras.length === 0 ? model : { ...model, loras: await loraUses(loras) };
    },
  };
}

function sourceOf({ runId, modelId, epoch }: SampleRecord): Source {
  if (runId !== null) return { kind: 'run', runId, epoch: epoch ?? 0 };
  if (modelId !== null) return { kind: 'model', modelId };
  throw new Failure('model-missing', 'The model of this picture is gone.', 'Choose another model.');
}
