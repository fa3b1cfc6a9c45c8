import { CutNote } from '../../components/cut-note.tsx';
import { useDraft } from '../train/draft-context.ts';

/** Below a caption: that it is longer than the base reads that is chosen for training, else that was trained from last. */
export function CaptionCutNote({ text }: { text: string }) {
  const { choice } = useDraft();
  return <CutNote text={text} modelId={choice.baseModelId} />;
}
