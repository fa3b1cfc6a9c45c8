import { useLocation } from 'wouter';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import { isImageName, otherKindOf } from '../../../../electron/contract/file-kinds.ts';
import { type Given, withoutImages } from '../../../../electron/contract/without-images.ts';
import { showFailure } from '../../../studio/failure.ts';
import { useStudio, useStudioCommand } from '../../../studio/studio.tsx';
import { isLoraFile } from '../../models/lora-header.ts';
import { useAddModels } from '../../models/use-add-models.ts';
import {
  droppedEntries,
  type DroppedFile,
  droppedRoots,
  type Entry,
  givenOf,
  nameOf,
  walk,
} from './dropped-files.ts';
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
 * desktop is read where it lies; in a browser it is sent first, unless there is no image in it. Model files that can be read
 * where they lie go to the models; a LoRA is sent as images are.
 */
export function useImport(datasetId: number | null = null): ImportWays {
  const importing = useImportingStore();
  const [, navigate] = useLocation();
  const { mutate } = useStudioCommand('datasets.import');
  const addModels = useAddModels();
  const studio = useStudio();

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
  const take = (paths: readonly string[]) => {
    if (paths.length === 0) return;
    if (paths.every((path) => otherKindOf(path) === 'model')) void addModels(paths);
    else begin({ paths: [...paths] });
  };
  const send = async (files: Promise<readonly DroppedFile[]>, entries: readonly Entry[] = []) => {
    const ending = new AbortController();
    const cancel = () => {
      ending.abort();
      importing.setState({ sending: null });
    };
    const tell = (name: string | null, progress: UploadProgress | null) => {
      if (!ending.signal.aborted) importing.setState({ sending: { name, progress, cancel } });
    };
    const sent = (all: readonly DroppedFile[], name: string | null) =>
      upload(all, {
        uploadId: crypto.randomUUID(),
        signal: ending.signal,
        onProgress: (progress) => {
          tell(name, progress);
        },
      });
    try {
      tell(null, null);
      const found = await files;
      if (ending.signal.aborted) return;
      const given = givenOf(found, entries);
      if (given.length > 0 && !found.some(({ path }) => isImageName(path))) {
        const loras = await lorasAmong(found);
        if (loras.length === 0) throw noImagesIn(given);
        const uploadId = await sent(loras, null);
        await studio.call('loras.addUploaded', { uploadId });
        importing.setState({ sending: null });
        navigate('/models/loras');
        return;
      }
      const name = nameOf(found);
      if (found.length > 0) {
        begin({ uploadId: await sent(found, name), name });
      }
      importing.setState({ sending: null });
    } catch (error) {
      if (ending.signal.aborted) return;
      importing.setState({ sending: null });
      showFailure(error);
    }
  };

  return {
    fromPaths: take,
    fromDrop: (transfer) => {
      const desktop = window.screenfoldDesktop;
      if (desktop === undefined) {
        const entries = droppedEntries(transfer);
        void send(walk(entries), entries);
        return;
      }
      take(
        droppedRoots(transfer)
          .map((file) => desktop.pathOf(file))
          .filter((path) => path !== ''),
      );
    },
    fromFiles: (files) => {
      void send(Promise.resolve(files));
    },
  };
}

/** LoRAs are small enough to be sent; they come to lie side by side, whatever folders they were in. */
async function lorasAmong(files: readonly DroppedFile[]): Promise<readonly DroppedFile[]> {
  const found: DroppedFile[] = [];
  for (const { path, file } of files) {
    if (otherKindOf(path) === 'model' && (await isLoraFile(file)))
      found.push({ path: path.replace(/^.*\//, ''), file });
  }
  return found;
}

function noImagesIn(given: readonly Given[]): StudioFailure {
  return new StudioFailure({ code: 'dataset-empty', ...withoutImages(given) });
}
