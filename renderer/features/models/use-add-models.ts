import { notifications } from '@mantine/notifications';
import { useLocation } from 'wouter';

import { failureOf, showFailure } from '../../studio/failure.ts';
import { useStudio } from '../../studio/studio.tsx';
import { addModelFile } from './add-model-file.ts';
import { useLend } from './lending.tsx';

/**
 * Adds models of the studio's machine, one after the other. It goes to the last of them, unless something else is gone to. Of one
 * that lacks a part it is asked which other lends it.
 */
export function useAddModels(): (
  paths: readonly string[],
  options?: { readonly stays?: boolean },
) => Promise<void> {
  const studio = useStudio();
  const [, navigate] = useLocation();
  const lend = useLend();
  return async (paths, { stays = false } = {}) => {
    // A large file takes a while to look into.
    const notice = notifications.show({
      loading: true,
      title: paths.length === 1 ? 'Adding the model' : `Adding ${paths.length} models`,
      message: paths.length === 1 ? 'It will be under Models.' : 'They will be under Models.',
      autoClose: false,
    });
    let last: string | null = null;
    for (const path of paths) {
      try {
        last = await addModelFile(studio, path);
      } catch (error) {
        if (failureOf(error).code === 'model-part-missing' && lend !== null) lend(path);
        else showFailure(error);
      }
    }
    notifications.hide(notice);
    if (last === null) return;
    if (!stays) navigate(last);
    else notifications.show({ title: 'Added to the models', message: 'See under Models.' });
  };
}
