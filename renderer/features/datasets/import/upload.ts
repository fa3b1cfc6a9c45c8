import { uploadPath } from '../../../../electron/connection/protocol.ts';
import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import type { DroppedFile } from './dropped-files.ts';

export interface UploadProgress {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Sends one request; `fetch` is one. */
export type Put = (address: string, request: RequestInit) => Promise<Response>;

/** As many files are sent side by side: enough to fill a local connection with small files. */
const sideBySide = 6;

/**
 * Sends files to the host that the page came from.
 * @returns the upload's id, for `datasets.import`
 * @throws StudioFailure `upload-failed`, naming the file; an `AbortError` where `signal` says so
 */
export async function upload(
  files: readonly DroppedFile[],
  {
    uploadId,
    put = fetch,
    onProgress = () => undefined,
    signal,
  }: {
    readonly uploadId: string;
    readonly put?: Put;
    readonly onProgress?: (progress: UploadProgress) => void;
    readonly signal?: AbortSignal;
  },
): Promise<string> {
  const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0);
  let [done, bytes, next] = [0, 0, 0];
  const tell = () => {
    onProgress({ files: done, totalFiles: files.length, bytes, totalBytes });
  };
  const sendNext = async (): Promise<void> => {
    for (let at = next++; at < files.length; at = next++) {
      const { path, file } = files[at]!;
      await send(path, file, uploadId, put, signal);
      done += 1;
      bytes += file.size;
      tell();
    }
  };
  tell();
  await Promise.all(Array.from({ length: Math.min(sideBySide, files.length) }, sendNext));
  return uploadId;
}

async function send(
  path: string,
  file: File,
  uploadId: string,
  put: Put,
  signal: AbortSignal | undefined,
): Promise<void> {
  let reason: string;
  try {
    const response = await put(uploadPath(uploadId, path), {
      method: 'PUT',
      body: file,
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok) return;
    const words = (await response.text()).trim().replace(/\.$/, '');
    reason = words === '' ? `the studio answered ${response.status}` : words;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    reason = error instanceof Error ? error.message : String(error);
  }
  throw new StudioFailure({
    code: 'upload-failed',
    message: `${path} could not be sent to the studio: ${reason}.`,
    hint: 'Try again, or put the folder on the studio’s machine and add it by its path.',
  });
}
