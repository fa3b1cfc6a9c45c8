import { useLocation } from 'wouter';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import { isImageName, isZipName } from '../../../../electron/contract/file-kinds.ts';
import { isModelFile } from '../../../../electron/contract/models.ts';
import { type Given, withoutImages } from '../../../../electron/contract/without-images.ts';
import { showFailure } from '../../../studio/failure.ts';
import { useStudio, useStudioCommand } from '../../../studio/studio.tsx';
import { modelFileKind } from '../../models/lora-header.ts';
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
import { offerUnpacking } from './offer-unpacking.tsx';
import { useSending } from './use-sending.ts';

export interface ImportWays {
  /** Of the studio's machine, absolute. */
  readonly fromPaths: (paths: readonly string[]) => void;
  readonly fromDrop: (transfer: DataTransfer) => void;
  readonly fromFiles: (files: readonly DroppedFile[]) => void;
}

/**
 * Ways for images to come in: into a new data set, which is then gone to, or into `datasetId`. What is dropped on the
 * desktop is read where it lies; in a browser it is sent first, unless there is nothing in it that is taken. Files of models and of
 * LoRAs go to the models, those beside images too.
 */
export function useImport(datasetId: number | null = null): ImportWays {
  const importing = useImportingStore();
  const sending = useSending();
  const [, navigate] = useLocation();
  const { mutate, mutateAsync } = useStudioCommand('datasets.import');
  const addModels = useAddModels();
  const studio = useStudio();

  const arrived = ({ datasetId: into }: { datasetId: number }) => {
    if (datasetId === null) navigate(`/datasets/${into}`);
  };
  const begin = (input: { paths?: string[]; uploadId?: string; name?: string | null }) => {
    mutate({ ...input, datasetId }, { onSuccess: arrived, onError: showFailure });
  };
  const take = (paths: readonly string[]) => {
    if (paths.length === 0) return;
    const models = paths.filter(isModelFile);
    const others = paths.filter((path) => !models.includes(path));
    if (models.length > 0) void addModels(models, { stays: others.length > 0 });
    if (others.length > 0 && others.every(isZipName)) {
      const names = others.map((path) => path.replace(/^.*[\\/]/, ''));
      offerUnpacking(names, () => {
        void sending(() => unpack({ paths: others }, names));
      });
    } else if (others.length > 0) begin({ paths: others });
  };
  const unpack = async (input: { paths: string[] } | { uploadId: string }, names: readonly string[]) => {
    const working = `Unpacking ${names.length === 1 ? names[0]! : 'the archives'}`;
    importing.setState({ sending: { name: null, working, progress: null, cancel: null } });
    await mutateAsync({ ...input, datasetId, unpack: true }).then(arrived);
  };
  const sendFiles = (files: Promise<readonly DroppedFile[]>, entries: readonly Entry[] = []) =>
    sending(async ({ send, signal }) => {
      const found = await files;
      if (signal.aborted) return;
      const archives = found.filter(({ path }) => isZipName(path) && !path.includes('/'));
      if (archives.length > 0 && archives.length === found.length) {
        const names = archives.map(({ path }) => path);
        offerUnpacking(names, () => {
          void sending(async (way) => unpack({ uploadId: await way.send(archives, names[0]!) }, names));
        });
        return;
      }
      const given = givenOf(found, entries);
      const hasImages = found.some(({ path }) => isImageName(path));
      // What lies in a folder of images belongs to that folder.
      const among = hasImages ? found.filter(({ path }) => !path.includes('/')) : found;
      const { loras, models } = await modelsAmong(among);
      const taken = new Set([...loras, ...models].map(({ file }) => file));
      if (given.length > 0 && !hasImages && taken.size === 0) throw noImagesIn(given);
      const rest = found.filter(({ file }) => !taken.has(file));
      const name = nameOf(rest);
      if (hasImages) begin({ uploadId: await send(rest, name), name });
      if (loras.length > 0) {
        await studio.call('loras.addUploaded', { uploadId: await send(loras, null) });
        if (!hasImages && models.length === 0) navigate('/models/loras');
      }
      if (models.length > 0) {
        const { paths } = await studio.call('models.takeUploaded', { uploadId: await send(models, null) });
        void addModels(paths, { stays: hasImages });
      }
    });

  return {
    fromPaths: take,
    fromDrop: (transfer) => {
      const desktop = window.screenfoldDesktop;
      if (desktop === undefined) {
        const entries = droppedEntries(transfer);
        void sendFiles(walk(entries), entries);
        return;
      }
      take(
        droppedRoots(transfer)
          .map((file) => desktop.pathOf(file))
          .filter((path) => path !== ''),
      );
    },
    fromFiles: (files) => {
      void sendFiles(Promise.resolve(files));
    },
  };
}

/** They come to lie side by side, whatever folders they were in. */
async function modelsAmong(files: readonly DroppedFile[]): Promise<{
  readonly loras: readonly DroppedFile[];
  readonly models: readonly DroppedFile[];
}> {
  const [loras, models]: [DroppedFile[], DroppedFile[]] = [[], []];
  for (const { path, file } of files) {
    if (!isModelFile(path)) continue;
    const kind = await modelFileKind(file);
    if (kind !== null) (kind === 'lora' ? loras : models).push({ path: path.replace(/^.*\//, ''), file });
  }
  return { loras, models };
}

function noImagesIn(given: readonly Given[]): StudioFailure {
  return new StudioFailure({ code: 'dataset-empty', ...withoutImages(given) });
}
