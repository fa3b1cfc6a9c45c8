import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

import { stackSize } from '../foreign-functions.ts';
import type { Pointer } from './library.ts';

/** A thread on which functions are called one after the other, always the same. */
export interface OneThread {
  /** Calls the C function at this address, which takes pointers and gives one; null for a null pointer. */
  call(address: Pointer, ...args: readonly (Pointer | null)[]): Promise<Pointer | null>;
  end(): Promise<void>;
}

interface Answer {
  readonly result?: Pointer | null;
  readonly error?: string;
}

/**
 * Starts the thread. The C API's asynchronous calls go to whichever thread of a pool is free, and ONNX Runtime keeps a CUDA graph for
 * each thread that has run a session: it would be captured several times, each time with runs that count.
 * @param library that the functions are of; koffi has to have opened one on a thread before it calls anything there
 */
export function oneThread(library: string): OneThread {
  const koffi = createRequire(import.meta.url).resolve('koffi');
  const worker = new Worker(program, { eval: true, workerData: { koffi, library, stackSize } });
  // The process may end without it; while something is called, whoever awaits it keeps the process.
  worker.unref();
  const waiting: PromiseWithResolvers<Pointer | null>[] = [];
  let broken: Error | null = null;
  const breakOff = (error: Error): void => {
    broken ??= error;
    for (const { reject } of waiting.splice(0)) reject(broken);
  };
  worker.on('error', breakOff);
  worker.on('exit', () => {
    breakOff(new Error('The thread that runs graphs has ended.'));
  });
  worker.on('message', ({ result = null, error }: Answer) => {
    if (waiting.length === 1) worker.unref();
    const asked = waiting.shift();
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  });
  return {
    call: (address, ...args) => {
      if (broken) return Promise.reject(broken);
      const asked = Promise.withResolvers<Pointer | null>();
      waiting.push(asked);
      worker.ref();
      worker.postMessage({ address, args });
      return asked.promise;
    },
    end: async () => {
      await worker.terminate();
    },
  };
}

/** The thread's program. As text, because a file of its own would have to be found in every bundle. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const koffi = require(workerData.koffi);
koffi.config({ ...koffi.config(), sync_stack_size: workerData.stackSize });
globalThis.held = koffi.load(workerData.library);
const functions = new Map();
parentPort.on('message', ({ address, args }) => {
  try {
    let called = functions.get(address);
    if (!called) {
      called = koffi.decode(address, koffi.proto('void *', args.map(() => 'void *')));
      functions.set(address, called);
    }
    parentPort.postMessage({ result: called(...args) });
  } catch (error) {
    parentPort.postMessage({ error: String(error && error.message || error) });
  }
});
`;
