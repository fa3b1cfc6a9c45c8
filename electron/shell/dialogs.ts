import type { OpenDialogOptions, SaveDialogOptions } from 'electron';

import { modelFileEndings } from '../../native/facts/model-formats.ts';
import type { PickRequest } from '../studio/surface.ts';

export interface Dialogs {
  showOpenDialog(
    options: OpenDialogOptions,
  ): Promise<{ readonly canceled: boolean; readonly filePaths: string[] }>;
  showSaveDialog(
    options: SaveDialogOptions,
  ): Promise<{ readonly canceled: boolean; readonly filePath: string }>;
}

const openOptions: Readonly<Record<Exclude<PickRequest['what'], 'save'>, OpenDialogOptions>> = {
  folder: { properties: ['openDirectory', 'createDirectory'] },
  files: { properties: ['openFile', 'multiSelections'] },
  'model-file': {
    properties: ['openFile'],
    filters: [{ name: 'Models', extensions: [...modelFileEndings] }],
  },
  'gpu-pack': { properties: ['openFile'], filters: [{ name: 'GPU packs', extensions: ['zip'] }] },
};

/** Asks with the platform's own dialog; null where the person cancelled. */
export async function pickPaths(
  { what, title, suggestion }: PickRequest,
  dialogs: Dialogs,
): Promise<readonly string[] | null> {
  const defaultPath = suggestion === '' ? {} : { defaultPath: suggestion };
  if (what === 'save') {
    const { canceled, filePath } = await dialogs.showSaveDialog({ title, ...defaultPath });
    return canceled || filePath === '' ? null : [filePath];
  }
  const { canceled, filePaths } = await dialogs.showOpenDialog({
    title,
    ...defaultPath,
    ...openOptions[what],
  });
  return canceled || filePaths.length === 0 ? null : filePaths;
}
