import { CutNote } from '../../components/cut-note.tsx';
import { useDraft } from '../train/draft-context.ts';

/**
 * Below a caption: that it is longer than what is read of it in training, by the base that is chosen, else that was trained from
 * last.
 */
export function CaptionCutNote({ text }: { text: string }) {
  const { choice, edits } = useDraft();
  return (
    <CutNote text={text} modelId={choice.baseModelId} captionTokens={edits.train?.captionTokens ?? 75} />
  );
}
