import { basename } from 'node:path';

import { modelNameOf } from '../facts/model-formats.ts';
import { Failure } from '../failure.ts';
import type { OpenModel } from '../families/family.ts';
import { openModel } from '../families/open-model.ts';
import { readFacts } from '../families/read-facts.ts';
import { formatParameters } from '../images/generation-parameters.ts';
import { writePng } from '../images/png.ts';
import type { ExportJob, ExportProof, JobContext, ModelReference, ProofRequest } from '../jobs.ts';
import { chooseRuntime } from '../runtime/providers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createOnnxTextToImage } from './onnx-pipeline.ts';
import { createTextToImage, type SamplingSettings, type TextToImage, toRgb } from './text-to-image.ts';

/** Enough for a picture to have form and colours, which is what a model that came out wrong gets wrong. */
const steps = 6;

/**
 * What the pictures may differ by. In float32 the same numbers are computed, in another order at most: measured were 0 for files
 * and folders and 1 for graphs. In float16 weights are rounded to 11 bits, and of graphs products too.
 */
const allowed: Readonly<Record<ExportJob['precision'], ExportProof['allowed']>> = {
  float32: { mean: 0.5, most: 2 },
  float16: { mean: 2, most: 64 },
};

/**
 * Opens what a job has written, makes a picture of it and lays it beside one of the model it was made of: the same prompt, seed
 * and settings.
 *
 * @throws Failure `export-differs`; `export-stopped`; those of opening a model and of making pictures
 */
export async function proveExport(
  job: ExportJob,
  proof: ProofRequest,
  context: JobContext,
): Promise<ExportProof> {
  const settings = await settingsFor(job, proof);
  const drawn = progressOf(context);
  // Graphs are run on the processor; so is what they are held to, since devices round differently.
  const runtime = await chooseRuntime(job.format === 'onnx' ? { provider: 'cpu' } : proof.device);
  try {
    const own = await draw(ownOf(job), (model) => createTextToImage(runtime, model));
    const exported = await draw(exportedOf(job), (model) => pipelineFor(job, runtime, model));
    const { width, height } = settings;
    const found = {
      ...{ steps, width, height },
      ...(settings.clipSkip !== undefined && { clipSkip: settings.clipSkip }),
      ...differenceOf(own, exported),
      allowed: allowed[job.precision],
    };
    if (!(found.mean <= found.allowed.mean && found.most <= found.allowed.most)) throw differs(found);
    await writePng(proof.output, sideBySide(own, exported, settings), {
      parameters: proofText(job, proof, settings),
    });
    return found;
  } finally {
    await runtime.dispose();
  }

  async function draw(
    reference: ModelReference,
    open: (model: OpenModel) => TextToImage,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const model = await openModel(reference);
    const pipeline = open(model);
    try {
      const [picture] = await pipeline.generate([proof], settings, drawn());
      return toRgb(picture!);
    } finally {
      await pipeline.dispose();
      await model.close();
    }
  }
}

/** Told after each step of both pictures; throws where a stop is wanted. */
function progressOf({ emit, stop }: JobContext): () => (done: number, total: number) => void {
  let pictures = 0;
  const check = (): void => {
    if (stop.aborted) throw exportStopped();
  };
  return () => {
    check();
    const before = pictures++;
    return (done, total) => {
      emit({ type: 'progress', phase: 'proving', done: before * total + done, total: 2 * total });
      check();
    };
  };
}

export function exportStopped(): Failure {
  return new Failure(
    'export-stopped',
    'The export was stopped.',
    'Export it again. Nothing was left behind.',
  );
}

/** What was exported, as it was before. A LoRA alone is written as it was trained, whatever it is merged with. */
function ownOf({ model, format }: ExportJob): ModelReference {
  if (format !== 'lora') return model;
  const { loraScale: _, ...trained } = model;
  return trained;
}

/** The same by what was written. What graphs do not say is read of the model they were made of. */
function exportedOf(job: ExportJob): ModelReference {
  const { model, format, output } = job;
  switch (format) {
    case 'diffusers':
    case 'single-file':
      return { base: output };
    case 'lora':
      return { base: model.base, loras: [{ file: output, strength: 1 }] };
    case 'embedding':
      return { base: model.base, embeddings: [{ file: output }] };
    case 'onnx':
      return { base: model.base };
  }
}

function pipelineFor({ format, output }: ExportJob, runtime: Runtime, model: OpenModel): TextToImage {
  return format === 'onnx' ? createOnnxTextToImage(output, model) : createTextToImage(runtime, model);
}

/** Large models draw at half their size, which takes a fraction of the time and of the memory. */
async function settingsFor(
  { model, format }: ExportJob,
  { guidanceScale, clipSkip = 1 }: ProofRequest,
): Promise<SamplingSettings> {
  const { resolution, pixelStep } = await readFacts(model.base);
  const wanted = resolution > 256 ? resolution / 2 : resolution;
  const edge = Math.max(pixelStep, Math.floor(wanted / pixelStep) * pixelStep);
  // Graphs give what the model was made for and no layer before it.
  const skip = format === 'onnx' ? 1 : clipSkip;
  const settings = { sampler: 'dpm++-2m-karras', steps, guidanceScale, width: edge, height: edge } as const;
  return { ...settings, ...(skip !== 1 && { clipSkip: skip }) };
}

/** For who looks into the picture: its prompt, and all it was made by where that is not as usual. */
function proofText({ model }: ExportJob, proof: ProofRequest, settings: SamplingSettings): string {
  if (settings.clipSkip === undefined) return proof.prompt;
  return formatParameters({ ...proof, ...settings }, modelNameOf(basename(model.base)));
}

function differenceOf(a: Uint8Array, b: Uint8Array): { readonly mean: number; readonly most: number } {
  let [sum, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    sum += difference;
    if (difference > most) most = difference;
  }
  return { mean: sum / a.length, most };
}

function differs({ mean, most, allowed: limits }: ExportProof): Failure {
  return new Failure(
    'export-differs',
    `The exported model draws another picture than the model it was made from. Of 255 steps of brightness, they differ by ` +
      `${mean.toFixed(2)} on average and ${most} at most, and ${limits.mean} and ${limits.most} are allowed.`,
    'Nothing was left behind. Export it in float32; if that fails as well, report it with this message.',
  );
}

/** White between the two. */
const gap = 8;

function sideBySide(left: Uint8Array, right: Uint8Array, { width, height }: SamplingSettings) {
  const whole = 2 * width + gap;
  const rgb = new Uint8Array(3 * whole * height).fill(255);
  for (let y = 0; y < height; y++) {
    const row = (picture: Uint8Array): Uint8Array => picture.subarray(3 * y * width, 3 * (y + 1) * width);
    rgb.set(row(left), 3 * y * whole);
    rgb.set(row(right), 3 * (y * whole + width + gap));
  }
  return { width: whole, height, rgb };
}
