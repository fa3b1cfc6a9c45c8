import { notifications } from '@mantine/notifications';
import { useLocation } from 'wouter';

import { showFailure } from '../../studio/failure.ts';
import { useStudio } from '../../studio/studio.tsx';
import { addModelFile } from './add-model-file.ts';

/** Adds model files of the studio's machine, one after the other, and goes to the last of them. */
export function useAddModels(): (paths: readonly string[]) => Promise<void> {
  const studio = useStudio();
  const [, navigate] = useLocation();
  return async (paths) => {
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
        showFailure(error);
      }
    }
    notifications.hide(notice);
    if (last !== null) navigate(last);
  };
}
