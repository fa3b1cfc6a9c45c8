import { useLocation } from 'wouter';

import { showFailure } from '../../../studio/failure.ts';
import { useStudioCommand } from '../../../studio/studio.tsx';
import { droppedEntries, type DroppedFile, droppedRoots, nameOf, walk } from './dropped-files.ts';
import { useImportingStore } from './importing-provider.tsx';
import { upload, type UploadProgress } from './upload.ts';

export interface ImportWays {
  /** Of the studio's machine, absolute. */
  readonly fromPaths: (paths: readonly string[]) => void;
  readonly fromDrop: (transfer: DataTransfer) => void;
  readonly fromFiles: (files: readonly DroppedFile[]) => void;
}

/**
 * Ways for images to come in: into a new data set, which is then gone to, or into `datasetId`. What is dropped on the
 * desktop is read where it lies; in a browser it is sent first.
 */
export function useImport(datasetId: number | null = null): ImportWays {
  const importing = useImportingStore();
  const [, navigate] = useLocation();
  const { mutate } = useStudioCommand('datasets.import');

  const begin = (input: { paths?: string[]; uploadId?: string; name?: string | null }) => {
    mutate(
      { ...input, datasetId },
      {
        onSuccess: ({ datasetId: into }) => {
          if (datasetId === null) navigate(`/datasets/${into}`);
        },
        onError: showFailure,
      },
    );
  };
  const send = async (files: Promise<readonly DroppedFile[]>) => {
    const ending = new AbortController();
    const cancel = () => {
      ending.abort();
      importing.setState({ sending: null });
    };
    const tell = (name: string | null, progress: UploadProgress | null) => {
      if (!ending.signal.aborted) importing.setState({ sending: { name, progress, cancel } });
    };
    try {
      tell(null, null);
      const found = await files;
      if (ending.signal.aborted) return;
      const name = nameOf(found);
      if (found.length > 0) {
        const uploadId = await upload(found, {
          uploadId: crypto.randomUUID(),
          signal: ending.signal,
          onProgress: (progress) => {
            tell(name, progress);
          },
        });
        begin({ uploadId, name });
      }
      importing.setState({ sending: null });
    } catch (error) {
      if (ending.signal.aborted) return;
      importing.setState({ sending: null });
      showFailure(error);
    }
  };

  return {
    fromPaths: (paths) => {
      begin({ paths: [...paths] });
    },
    fromDrop: (transfer) => {
      const desktop = window.screenfoldDesktop;
      if (desktop === undefined) {
        void send(walk(droppedEntries(transfer)));
        return;
      }
      const paths = droppedRoots(transfer)
        .map((file) => desktop.pathOf(file))
        .filter((path) => path !== '');
      if (paths.length > 0) begin({ paths });
    },
    fromFiles: (files) => {
      void send(Promise.resolve(files));
    },
  };
}
