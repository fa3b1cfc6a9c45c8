import { Worker } from 'node:worker_threads';

/** What a WebAssembly module exports: functions of numbers alone, over the one memory. */
type Exports = Readonly<Record<string, (...numbers: number[]) => number | undefined>>;

export interface TwoThreads {
  /**
   * Calls a function of the module for both halves of [begin, end), one of them on the other thread, and returns the sum of
   * what it returned. Blocks the event loop.
   */
  call(name: string, begin: number, end: number, ...rest: readonly number[]): number;
  dispose(): Promise<void>;
}

/**
 * Runs functions of a WebAssembly module on two threads, over halves of a range of a shared memory. The halves do not depend
 * on how long either takes, so results are the same in every run; until the other thread is there, if it ever is, this one
 * does both. The module may import as `thread` which of them it is on: 0 or 1.
 * @param alignment of where the range is cut
 */
export function runOnTwoThreads(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  alignment: number,
): TwoThreads {
  const { exports } = new WebAssembly.Instance(module, { state: { memory, thread: 0 } });
  const functions = exports as Exports;
  const names = Object.keys(functions);
  const control = new SharedArrayBuffer(numbersAt + mostNumbers * Float64Array.BYTES_PER_ELEMENT);
  /** Calls asked of the other thread, calls it has done, and 1 as soon as it listens. */
  const turns = new Int32Array(control, 0, 3);
  /** Of the call under way: which function, how many numbers, and these; afterwards what it returned. */
  const numbers = new Float64Array(control, numbersAt);
  const worker = new Worker(other, { eval: true, workerData: { module, memory, control, names, numbersAt } });
  // Idle between steps; the process may end without it.
  worker.unref();
  worker.once('exit', () => Atomics.store(turns, 2, 0));
  // As where there is no memory for it: this thread does both halves.
  worker.on('error', () => Atomics.store(turns, 2, 0));
  return {
    call: (name, begin, end, ...rest) => {
      const middle = begin + Math.ceil((end - begin) / 2 / alignment) * alignment;
      const work = (from: number, to: number): number => functions[name]!(from, to, ...rest) ?? 0;
      if (middle >= end) return work(begin, end);
      if (Atomics.load(turns, 2) === 0) return work(begin, middle) + work(middle, end);
      numbers.set([names.indexOf(name), 2 + rest.length, middle, end, ...rest]);
      Atomics.add(turns, 0, 1);
      Atomics.notify(turns, 0);
      const own = work(begin, middle);
      // Waiting takes longer than the halves differ, so it is for a thread that something holds up.
      const turn = Atomics.load(turns, 0);
      for (let looks = 0; looks < mostLooks && Atomics.load(turns, 1) !== turn; looks++);
      while (Atomics.load(turns, 1) !== turn) {
        if (Atomics.wait(turns, 1, turn - 1, patience) === 'timed-out')
          throw new Error(`The second thread has not done its half within ${patience / 1000} s.`);
      }
      return own + numbers[0]!;
    },
    dispose: async () => {
      await worker.terminate();
    },
  };
}

/** How often the other thread is looked at before it is waited for: some tenths of a second. */
const mostLooks = 20_000_000;
/** Milliseconds after which it is taken for dead, where a half takes some hundred. */
const patience = 120_000;
/** Where the numbers of a call begin, after the turns, and how many there may be. */
const [numbersAt, mostNumbers] = [16, 32];

/** The other thread's program. As text, because a file of its own would have to be found in every bundle. */
const other = `
const { workerData: { module, memory, control, names, numbersAt } } = require('node:worker_threads');
const { exports } = new WebAssembly.Instance(module, { state: { memory, thread: 1 } });
const turns = new Int32Array(control, 0, 3);
const numbers = new Float64Array(control, numbersAt);
Atomics.store(turns, 2, 1);
for (let turn = 0; ; turn++) {
  Atomics.wait(turns, 0, turn);
  const [name, count, ...given] = numbers;
  numbers[0] = exports[names[name]](...given.slice(0, count)) ?? 0;
  Atomics.store(turns, 1, turn + 1);
  Atomics.notify(turns, 1);
}
`;
