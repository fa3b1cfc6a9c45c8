import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseJsonText, validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import { type RunSpec, runSpecSchema } from '../../electron/contract/run-spec.ts';
import { cardAdvice } from '../../electron/runs/card-advice.ts';
import { proposedGuidance, proposedTraining } from '../../electron/runs/proposed-training.ts';
import { evenly } from '../../native/facts/evenly.ts';
import { openPictureFeatures } from '../../native/likeness/picture-features.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { openBlobCache } from '../../native/training/blob-cache.ts';
import { type TransferCase, writeTransferData } from './transfer-cases.ts';
import { type Projection, projectionOf } from './transfer-measures.ts';

export interface TransferTools {
  readonly features: (path: string) => Promise<Float32Array>;
  readonly projection: Projection;
  readonly dispose: () => Promise<void>;
}

/** Side of the base's pictures. */
const size = 64;
/** Axes of the feature space; more of them than this are mostly noise of a few dozen pictures. */
const axes = 48;

/** The network that sees form and edges, and the axes along which real pictures differ, which no model has a part in. */
export async function openTransferTools(
  runtime: Runtime,
  weightsFolder: string,
  cacheFolder: string,
  { cases, noto }: { readonly cases: readonly TransferCase[]; readonly noto: readonly string[] },
): Promise<TransferTools> {
  const weights = join(weightsFolder, 'efficientnet-lite0.safetensors');
  const network = openPictureFeatures(weights, runtime, openBlobCache(cacheFolder, 64 << 20));
  // Lengths of about 30 rather than 1, so that distances are numbers one can read.
  const features = async (path: string): Promise<Float32Array> => {
    const found = await network.of({ path, width: size, height: size });
    if (found === null) throw new Error(`${path} cannot be read.`);
    return found.map((value) => value * 30);
  };
  const real = [
    ...evenly(noto, 100),
    ...cases.flatMap(({ heldOut, training }) =>
      [...evenly(heldOut, 32), ...evenly(training, 32)].map(({ path }) => path),
    ),
  ];
  const rows: Float32Array[] = [];
  for (const path of real) rows.push(await features(path));
  return { features, projection: projectionOf(rows, axes), dispose: () => network.dispose() };
}

export interface TransferRun {
  readonly file: string;
  readonly run: string;
  readonly guidanceScale: number;
}

/** Settings laid over those proposed, as JSON. */
export interface TransferChanges {
  readonly train: string;
  readonly method?: string | undefined;
  readonly guidance?: string | undefined;
}

/** Writes a case's data set and the run file that the studio would propose for it over the base, and says where. */
export async function transferRun(
  made: TransferCase,
  changes: TransferChanges,
  folder: string,
  base: string,
): Promise<TransferRun> {
  const at = join(folder, made.name);
  await mkdir(at, { recursive: true });
  await writeTransferData(join(at, 'data'), made);
  const advice = cardAdvice(await readFile(join(base, 'README.md'), 'utf8').catch(() => null));
  const given = made.tuned === undefined ? null : await readTuned(made.tuned);
  const chosen = changes.method === undefined ? undefined : (JSON.parse(changes.method) as RunSpec['method']);
  const method = runSpecSchema.shape.method.parse(chosen ?? given?.method ?? { kind: 'full' });
  const traits = { advice, resolution: size, parameters: null };
  const proposed = given?.train ?? proposedTraining(method, 'style', traits, made.training.length);
  const file = join(at, 'run.json');
  const spec = {
    name: made.name,
    base,
    data: { folder: 'data', captions: { kind: 'sidecar' }, validation: 'marked' },
    method,
    // Fewer epochs are kept than usual: drawing from each is most of the report's time.
    train: { ...proposed, checkpoints: [1, 2, 5, 15], ...(JSON.parse(changes.train) as object) },
    samples: { prompts: [made.caption(made.heldOut[0]!)], seeds: [1] },
  };
  await writeFile(file, `${JSON.stringify(spec, null, 2)}\n`);
  return {
    file,
    run: join(at, 'run'),
    guidanceScale: Number(changes.guidance ?? given?.samples.guidanceScale ?? proposedGuidance(traits)),
  };
}

async function readTuned(file: string): Promise<RunSpec> {
  return validateRunSpec(parseJsonText(await readFile(file, 'utf8'), file), file);
}
