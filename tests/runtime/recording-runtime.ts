import { fromBinary } from '@bufbuild/protobuf';

import { ModelProtoSchema } from '../../native/graph/onnx_pb.js';
import type { HostTensor, Runtime } from '../../native/runtime/runtime.ts';

/** A model that a runtime was given. */
export interface RecordedModel {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly initializers: Readonly<Record<string, HostTensor>>;
}

/** A runtime as a GPU's that computes nothing and keeps the models it is given: every result is zeros. */
export function recordingRuntime(): { readonly runtime: Runtime; readonly models: readonly RecordedModel[] } {
  const models: RecordedModel[] = [];
  const runtime: Runtime = {
    provider: 'cuda',
    api: 'c-api',
    description: 'Records',
    threads: 1,
    runsInPlace: true,
    tensorsAreArrays: false,
    prefersMatrixConv: false,
    keepsOrder: true,
    captures: false,
    runsSideBySide: false,
    createSession: (model, { initializers = {} } = {}) => {
      if (typeof model === 'string') throw new Error('Files are not recorded.');
      models.push({ model, initializers });
      const { graph } = fromBinary(ModelProtoSchema, model);
      return Promise.resolve({
        inputNames: graph!.input.map(({ name }) => name),
        outputNames: graph!.output.map(({ name }) => name),
        inputs: [],
        outputs: [],
        run: () => Promise.reject(new Error('Nothing is computed.')),
        bind: () => ({
          run: () => Promise.resolve(),
          runInTurn: () => Promise.resolve(),
          dispose: () => undefined,
        }),
        dispose: () => Promise.resolve(),
      });
    },
    tensor: (type, shape) => ({
      type,
      shape,
      write: () => undefined,
      writeInTurn: () => Promise.resolve(),
      read: (into) => Promise.resolve(into),
      dispose: () => undefined,
    }),
    dispose: () => Promise.resolve(),
  };
  return { runtime, models };
}
