import { useEffect } from 'react';

import { showFailure } from '../../studio/failure.ts';
import { useStudio } from '../../studio/studio.tsx';
import { captionOf, type DraftStore, written } from './caption-drafts.ts';

/** Writes what was typed and is not written yet when somebody goes elsewhere, or closes the page. */
export function useWriteOnLeaving(captionSetId: number, drafts: DraftStore): void {
  const studio = useStudio();
  useEffect(() => {
    const writeAll = () => {
      const typed = [...drafts.getState().texts];
      if (typed.length === 0) return;
      const captions = typed.map(([imageId, text]) => ({ imageId, text: captionOf(text) }));
      studio.call('captions.write', { captionSetId, captions }).then(() => {
        for (const [imageId, text] of typed) written(drafts, imageId, text);
      }, showFailure);
    };
    window.addEventListener('pagehide', writeAll);
    return () => {
      window.removeEventListener('pagehide', writeAll);
      writeAll();
    };
  }, [studio, captionSetId, drafts]);
}
