import { showFailure } from '../../../studio/failure.ts';
import type { DroppedFile } from './dropped-files.ts';
import { useImportingStore } from './importing-provider.tsx';
import { upload, type UploadProgress } from './upload.ts';

/** What stands open to work that is told of. */
interface SendingWay {
  /** Sends files, and gives what the studio knows them by. */
  readonly send: (files: readonly DroppedFile[], name: string | null) => Promise<string>;
  readonly signal: AbortSignal;
}

/** Runs work that brings something to the studio; until its end the page tells of it, and of what went wrong with it. */
export function useSending(): (work: (way: SendingWay) => Promise<void>) => Promise<void> {
  const importing = useImportingStore();
  return async (work) => {
    const ending = new AbortController();
    const { signal } = ending;
    const cancel = () => {
      ending.abort();
      importing.setState({ sending: null });
    };
    const tell = (name: string | null, progress: UploadProgress | null) => {
      if (!signal.aborted) importing.setState({ sending: { name, working: null, progress, cancel } });
    };
    const send: SendingWay['send'] = (files, name) =>
      upload(files, {
        ...{ uploadId: crypto.randomUUID(), signal },
        onProgress: (progress) => {
          tell(name, progress);
        },
      });
    try {
      tell(null, null);
      await work({ send, signal });
      if (!signal.aborted) importing.setState({ sending: null });
    } catch (error) {
      if (signal.aborted) return;
      importing.setState({ sending: null });
      showFailure(error);
    }
  };
}
