import type { ImageDetail } from '../../../electron/contract/datasets.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { captionOf, type DraftStore, written } from './caption-drafts.ts';

/** One image's caption in one set as the studio has it, and a way to write it. */
export function useCaptionText(
  captionSetId: number,
  imageId: number,
  drafts: DraftStore,
): {
  readonly image: ImageDetail | undefined;
  /** Null: none. */
  readonly saved: string | null;
  /** @param empty the empty caption is meant, not none */
  readonly write: (text: string, empty?: boolean) => void;
} {
  const { data: image } = useStudioQuery('datasets.image', { imageId });
  const { mutateAsync } = useStudioCommand('captions.write');
  const saved = image?.captions.find((caption) => caption.captionSetId === captionSetId)?.text ?? null;
  return {
    image,
    saved,
    write: (text, empty = false) => {
      const caption = empty ? '' : captionOf(text);
      if (caption === saved || (caption === null && saved === '')) {
        written(drafts, imageId, text);
        return;
      }
      // Not by the mutation's own callbacks: they are not called once another has begun, and one writes fast.
      mutateAsync({ captionSetId, captions: [{ imageId, text: caption }] }).then(() => {
        written(drafts, imageId, text);
      }, showFailure);
    },
  };
}
