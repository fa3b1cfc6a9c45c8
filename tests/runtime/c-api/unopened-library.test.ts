import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Failure } from '../../../native/failure.ts';
import { loadOrt, unopened } from '../../../native/runtime/c-api/library.ts';
import { temporaryFolder } from '../../images/pictures.ts';

const folder = temporaryFolder();

test('an ONNX Runtime that is there and does not open is told by its path, with what helps', async () => {
  const path = join(folder.path, 'libonnxruntime.so.1');
  await writeFile(path, 'no library');
  expect(() => loadOrt(path)).toThrow(Failure);
  expect(() => loadOrt(path)).toThrow(path);
});

test('on Windows that most often is the Visual C++ runtime', () => {
  const { code, hint } = unopened(
    'onnxruntime.dll',
    new Error('The specified module could not be found'),
    'win32',
  );
  expect(code).toBe('onnxruntime-unopened');
  expect(hint).toContain('Visual C++ Redistributable');
});
