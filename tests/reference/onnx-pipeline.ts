/**
 * Exports tiny models of both families as ONNX pipelines, in both precisions, for tests/reference/onnx_pipeline.py to run with
 * Optimum: `node tests/reference/onnx-pipeline.ts <folder>`.
 */
import { join } from 'node:path';

import { runJob } from '../../native/run-job.ts';
import { writeTinyModel } from '../training/tiny-model.ts';
import { writeTinyXlModel } from '../training/tiny-xl-model.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder to write');
await writeTinyModel(join(folder, 'sd'));
await writeTinyXlModel(join(folder, 'sdxl'));
const context = { emit: () => undefined, stop: new AbortController().signal };
for (const name of ['sd', 'sdxl']) {
  for (const precision of ['float32', 'float16'] as const) {
    const output = join(folder, `${name}-${precision}`);
    const model = { base: join(folder, name) };
    await runJob({ kind: 'export', model, format: 'onnx', output, precision, metadata: {} }, context);
  }
}
