import { graphRefused } from '../errors.ts';
import type { SessionOptions } from '../runtime.ts';
import { type Ort, OrtError, type Pointer } from './library.ts';
import { lackedSharedThreads, sessionOptions, type SessionPlace } from './session-options.ts';
import { registerSharedArena } from './shared-arena.ts';

/** An `OrtSession` and the values of its initializers. Throws `graph-refused` with what ONNX Runtime says of it. */
export async function openSession(
  ort: Ort,
  hostMemory: Pointer,
  place: SessionPlace,
  model: Uint8Array<ArrayBuffer> | string,
  options: SessionOptions,
): Promise<{ pointer: Pointer; initializers: readonly Pointer[] }> {
  const { pointer, values } = sessionOptions(ort, hostMemory, place, options);
  const out = new BigUint64Array(1);
  try {
    // Not before the provider is known to be there: asked for memory of one that is not, ONNX Runtime ends the process.
    if (options.arena !== false) registerSharedArena(ort, place);
    if (typeof model === 'string') await ort.callAsync('CreateSession', ort.env, model, pointer, out);
    else await ort.callAsync('CreateSessionFromArray', ort.env, model, model.byteLength, pointer, out);
    return { pointer: ort.adopt('Session', out[0]!), initializers: values };
  } catch (error) {
    for (const value of values) ort.release('Value', value);
    if (!(error instanceof OrtError)) throw error;
    if (lackedSharedThreads(ort, error)) return await openSession(ort, hostMemory, place, model, options);
    throw graphRefused(error);
  } finally {
    ort.release('SessionOptions', pointer);
  }
}

/** The same of a small model with no initializers, on this thread. */
export function openSessionNow(
  ort: Ort,
  hostMemory: Pointer,
  place: SessionPlace,
  model: Uint8Array<ArrayBuffer>,
): { pointer: Pointer } {
  const { pointer } = sessionOptions(ort, hostMemory, place, {});
  const out = new BigUint64Array(1);
  try {
    ort.call('CreateSessionFromArray', ort.env, model, model.byteLength, pointer, out);
    return { pointer: ort.adopt('Session', out[0]!) };
  } catch (error) {
    throw error instanceof OrtError ? graphRefused(error) : error;
  } finally {
    ort.release('SessionOptions', pointer);
  }
}
