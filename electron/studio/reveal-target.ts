import { Failure } from '../../native/failure.ts';
import type { AllHandlers, ParsedInputOf } from '../contract/api.ts';
import type { Library } from '../library/library.ts';

export type RevealTarget = ParsedInputOf<'system.reveal'>['target'];

/** Where something of the library lies, as the domains that own it say. */
export async function revealPath(
  target: RevealTarget,
  library: Library,
  logFile: string,
  handlers: Partial<AllHandlers>,
): Promise<string> {
  switch (target.kind) {
    case 'library':
      return library.folder;
    case 'log':
      return logFile;
    case 'run':
      return there((await handlers['runs.get']?.({ runId: target.runId }))?.folder);
    case 'model':
      return there((await handlers['models.get']?.({ modelId: target.modelId }))?.folder);
    case 'image':
      return there((await handlers['datasets.image']?.({ imageId: target.imageId }))?.path);
    case 'export': {
      const exports = await handlers['exports.list']?.({});
      return there(exports?.find(({ id }) => id === target.exportId)?.path);
    }
  }
}

function there(path: string | undefined): string {
  if (path !== undefined) return path;
  throw new Failure('nothing-to-show', 'What you want to see is not there.', 'It may have been removed.');
}
