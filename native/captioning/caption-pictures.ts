import { Failure } from '../failure.ts';
import type { CaptionJob, JobContext, JobResult, PictureCaption } from '../jobs.ts';
import { chooseRuntime, type ChosenRuntime } from '../runtime/providers.ts';
import type { DeviceChoice } from '../runtime/runtime.ts';
import type { Prepared } from './captioner.ts';
import { findCaptioner } from './captioner-files.ts';
import { openCaptioner } from './open-captioner.ts';

type Read =
  | { readonly index: number; readonly prepared: Prepared }
  | Extract<PictureCaption, { readonly failure: unknown }>;

/**
 * Captions pictures, a few at a time, and tells each few at once. A picture that cannot be read is told as such and costs
 * no other. Stopped, it leaves what is under way and resolves to what was told until then.
 */
export async function captionPictures(
  { model, options, pictures, device }: CaptionJob,
  { emit, stop }: JobContext,
): Promise<JobResult> {
  const started = performance.now();
  const runtime = await openedFor(model, device);
  for (const message of [runtime.description, ...runtime.notes]) emit({ type: 'note', message });
  let captions = 0;
  try {
    emit({ type: 'progress', phase: 'loading', done: 0, total: 1 });
    const captioner = await openCaptioner(runtime, model);
    emit({ type: 'progress', phase: 'loading', done: 1, total: 1 });
    const read = async (from: number): Promise<readonly Read[]> => {
      const places = pictures.slice(from, from + captioner.batchSize).map((path, at) => ({ path, at }));
      return Promise.all(
        places.map(async ({ path, at }): Promise<Read> => {
          const index = from + at;
          try {
            return { index, prepared: await captioner.prepare(path) };
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
            return { index, failure: { message: error.message, hint: error.hint } };
          }
        }),
      );
    };
    try {
      // The next pictures are read while the model looks at these.
      let next = read(0);
      for (let from = 0; from < pictures.length && !stop.aborted; from += captioner.batchSize) {
        const batch = await next;
        next = from + captioner.batchSize < pictures.length ? read(from + captioner.batchSize) : next;
        next.catch(() => undefined);
        const readable = batch.flatMap((one) => ('prepared' in one ? [one] : []));
        const texts =
          readable.length === 0
            ? []
            : await captioner.caption(
                readable.map(({ prepared }) => prepared),
                options,
              );
        const told = readable.map(({ index }, at) => ({ index, text: texts[at]! }));
        const failed = batch.flatMap((one) => ('failure' in one ? [one] : []));
        captions += told.length;
        emit({ type: 'captions', captions: [...told, ...failed] });
      }
    } finally {
      await captioner.dispose();
    }
  } finally {
    await runtime.dispose();
  }
  return { kind: 'caption', captions, seconds: (performance.now() - started) / 1000 };
}

/**
 * The runtime asked for, or the processor where that would write other words: ONNX Runtime 1.30 on WebGPU takes a program of `And`
 * that it has compiled for one form of operands for others too, as the masks of decoders have them. Taggers have no such masks.
 */
async function openedFor(model: string, device: DeviceChoice): Promise<ChosenRuntime> {
  const chosen = await chooseRuntime(device);
  try {
    if (chosen.provider !== 'webgpu' || (await findCaptioner(model)).kind === 'tagger') return chosen;
  } catch (error) {
    await chosen.dispose();
    throw error;
  }
  await chosen.dispose();
  const { api, threads } = device;
  const choice = { ...(api && { api }), ...(threads !== undefined && { threads }) };
  const processor = await chooseRuntime({ ...choice, provider: 'cpu' });
  return { ...processor, notes: [...chosen.notes, onProcessorNote] };
}

const onProcessorNote = 'WebGPU is not used: models that write sentences come to wrong words there.';
