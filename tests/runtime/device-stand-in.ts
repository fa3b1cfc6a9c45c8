import { setTimeout as passed } from 'node:timers/promises';

import type { BoundRun, Runtime, Session, Tensor, TensorMap } from '../../native/runtime/runtime.ts';
import { takingTurns } from '../../native/runtime/turns.ts';

export interface DeviceStandIn {
  /** Whether what is begun is left to take its turn, as on a GPU. */
  readonly keepsOrder: boolean;
  /** Runs so often whenever a binding is first run, as ONNX Runtime does where it captures a CUDA graph. */
  readonly runsAtCapture?: number;
  /** Told of each run that is begun, with the names of what it gives. */
  readonly onRun?: (outputs: readonly string[]) => void;
}

/**
 * The processor as if it were a device with memory of its own: tensors are copies, what is begun waits for its turn, and nothing may
 * be written at once while something is under way.
 */
export function deviceStandIn(
  cpu: Runtime,
  { keepsOrder, runsAtCapture = 1, onRun }: DeviceStandIn,
): Runtime {
  const within = new WeakMap<Tensor, Tensor>();
  const { enter, busy, idle } = takingTurns();
  const placed = (tensors: TensorMap): TensorMap =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, within.get(tensor)!]));

  const bind = (session: Session, captures: boolean, inputs: TensorMap, outputs: TensorMap): BoundRun => {
    const bound = session.bind(placed(inputs), placed(outputs));
    let captured = !captures;
    const runInTurn = (): Promise<void> => {
      onRun?.(Object.keys(outputs));
      return enter(async () => {
        const times = captured ? 1 : runsAtCapture;
        captured = true;
        for (let i = 0; i < times; i++) await bound.run();
      });
    };
    return {
      run: runInTurn,
      runInTurn,
      dispose: () => {
        bound.dispose();
      },
    };
  };
  return {
    ...cpu,
    keepsOrder,
    captures: runsAtCapture > 1,
    tensorsAreArrays: false,
    runsSideBySide: false,
    createSession: async (model, options) => {
      const session = await enter(() => cpu.createSession(model, options));
      return {
        ...session,
        bind: (inputs, outputs) => bind(session, options?.capture ?? false, inputs, outputs),
        run: (inputs, outputs) => enter(() => session.run(placed(inputs), outputs)),
      };
    },
    tensor: (type, shape, data) => {
      if (busy()) throw new Error('A tensor was placed while a graph was running.');
      const inner = cpu.tensor(type, shape, data?.slice());
      const tensor: Tensor = {
        type,
        shape,
        write: (source) => {
          if (busy()) throw new Error('A tensor was written while a graph was running.');
          inner.write(source);
        },
        writeInTurn: (source) =>
          enter(async () => {
            // A bus takes its time, in which something else may be tried.
            await passed(2);
            await inner.writeInTurn(source);
          }),
        read: (into) => enter(() => inner.read(into)),
        dispose: () => {
          if (busy()) throw new Error('A tensor was disposed of while it was in use.');
          inner.dispose();
        },
      };
      within.set(tensor, inner);
      return tensor;
    },
    dispose: async () => {
      await idle();
      await cpu.dispose();
    },
  };
}
