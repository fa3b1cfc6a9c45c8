import type { OpenDialogOptions, SaveDialogOptions } from 'electron';

import type { PickRequest } from '../studio/surface.ts';

export interface Dialogs {
  showOpenDialog(
    options: OpenDialogOptions,
  ): Promise<{ readonly canceled: boolean; readonly filePaths: string[] }>;
  showSaveDialog(
    options: SaveDialogOptions,
  ): Promise<{ readonly canceled: boolean; readonly filePath: string }>;
}

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
    properties: what === 'folder' ? ['openDirectory', 'createDirectory'] : ['openFile', 'multiSelections'],
  });
  return canceled || filePaths.length === 0 ? null : filePaths;
}
