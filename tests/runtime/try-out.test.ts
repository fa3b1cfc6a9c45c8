import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import { ModelProtoSchema } from '../../native/graph/onnx_pb.js';
import { openRuntime } from '../../native/runtime/open-runtime.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { tryOut } from '../../native/runtime/try-out.ts';
import { recordingRuntime } from './recording-runtime.ts';

describe('trying out a device', () => {
  test('finds nothing wrong with one that computes', async () => {
    const runtime = await openRuntime('cpu', 'c-api', 1, 'CPU');
    expect(await tryOut(runtime)).toBeNull();
    await runtime.dispose();
  });

  test('needs the libraries that operators open when they are first asked', async () => {
    const { runtime, models } = recordingRuntime();
    const keeps = { ...runtime, tensor: keptTensors(runtime) };
    expect(await tryOut(keeps)).toBe('it computes 0 where 625 is right');
    const operators = fromBinary(ModelProtoSchema, models[0]!.model).graph!.node.map(({ opType }) => opType);
    expect(operators).toEqual(
      expect.arrayContaining(['Conv', 'ConvTranspose', 'AveragePool', 'Gemm', 'ReduceSum']),
    );
  });

  test('tells one that loses what it is given, and one whose library is missing', async () => {
    const { runtime } = recordingRuntime();
    expect(await tryOut(runtime)).toMatch(/read back .* is not what was written/);
    const missing = new Failure('graph-run-failed', 'libcudnn.so.9: cannot open shared object file', '');
    const broken: Runtime = {
      ...runtime,
      tensor: keptTensors(runtime),
      createSession: async (model, options) => ({
        ...(await runtime.createSession(model, options)),
        bind: () => ({ run: () => Promise.reject(missing), dispose: () => undefined }),
      }),
    };
    await expect(tryOut(broken)).rejects.toBe(missing);
  });
});

/** Tensors that remember what they were made with. */
function keptTensors(runtime: Runtime): Runtime['tensor'] {
  return (type, shape, data) => ({
    ...runtime.tensor(type, shape),
    read: (into) => {
      if (data) into.set(data as never);
      return Promise.resolve(into);
    },
  });
}
