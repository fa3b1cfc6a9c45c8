import { describe, expect, test } from 'vitest';

import { graphRefused, runFailed, tensorFailed } from '../../native/runtime/errors.ts';

/** As ONNX Runtime, CUDA, cuBLAS, cuDNN and DirectML say it. */
const outOfMemory = [
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=desk ; file=cuda_allocator.cc ; line=48 ; expr=cudaMalloc((void**)&p, size);',
  'BFCArena::AllocateRawInternal(size_t, Stream *, bool) Failed to allocate memory for requested buffer of size 4294967296',
  'BFCArena::AllocateRawInternal Available memory of 1048576 is smaller than requested bytes of 536870912',
  'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0 ; expr=cublasCreate(&cublas_handle_);',
  'CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED ; GPU=0',
  'CUDNN failure 4010: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0',
  'Non-zero status code returned while running MatMul node. Exception: 8007000E E_OUTOFMEMORY',
  'std::bad_alloc',
];
const other = 'Non-zero status code returned while running Conv node. CUDNN_STATUS_NOT_SUPPORTED';

describe.each([
  ['a session that is made', graphRefused, 'graph-refused'],
  ['a tensor on the device', tensorFailed, 'device-failed'],
  ['a run', runFailed, 'graph-run-failed'],
] as const)('%s', (_, tell, code) => {
  test.each(outOfMemory)('lacked memory: %s', (message) => {
    const failure = tell(new Error(message));
    expect(failure).toMatchObject({ code: 'out-of-memory', cause: { message } });
    expect(failure.message).toContain(message);
    expect(failure.hint).toMatch(/smaller batch size/);
  });

  test('failed otherwise, and says how', () => {
    expect(tell(new Error(other))).toMatchObject({ code, message: expect.stringContaining(other) as string });
  });
});
