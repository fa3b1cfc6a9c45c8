import { openForReading } from '../files/file-ranges.ts';
import { openSafetensors } from './safetensors.ts';
import type { TensorFile } from './tensor-file.ts';
import { openTorchFile } from './torch-file.ts';

/** Whether a file begins as any of PyTorch's does: as a zip or tar archive or as a pickle. A safetensors header is JSON. */
function isTorch(head: Buffer): boolean {
  if (head[8] === 0x7b) return false;
  return (
    head.toString('latin1', 0, 4) === 'PK\x03\x04' ||
    (head[0] === 0x80 && head[1] !== undefined && head[1] >= 2 && head[1] <= 5) ||
    head.toString('latin1', 257, 262) === 'ustar'
  );
}

/**
 * Opens safetensors or a checkpoint of PyTorch, whichever its first bytes say: either goes about under the other's name.
 *
 * @throws Failure those of `openSafetensors` and `openTorchFile`
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  const file = await openForReading(path);
  let head = Buffer.alloc(0);
  try {
    // A folder opens and cannot be read; the readers say so.
    if ((await file.stat()).isFile()) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
      head = buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
  return isTorch(head) ? openTorchFile(path) : openSafetensors(path);
}
