import { Stack, Textarea } from '@mantine/core';
import { useState } from 'react';

import type { ImageDetail } from '../../../electron/contract/datasets.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { useView } from '../datasets/use-view.tsx';
import { CaptionCutNote } from './caption-cut-note.tsx';
import { captionOf } from './caption-drafts.ts';

/** An image's caption in every set, the set that is looked at first; all can be changed. */
export function CaptionFields({ image }: { image: ImageDetail }) {
  const chosen = useView((state) => state.query.captionSetId);
  const captions = image.captions.toSorted(
    (a, b) => Number(b.captionSetId === chosen) - Number(a.captionSetId === chosen),
  );
  return captions.map(({ captionSetId, name, text }) => (
    <CaptionField
      key={`${image.id} ${captionSetId}`}
      imageId={image.id}
      captionSetId={captionSetId}
      name={name}
      text={text}
      first={captionSetId === chosen}
    />
  ));
}

/** Written when it is left or Enter is pressed; Escape takes the typing back. */
function CaptionField({
  imageId,
  captionSetId,
  name,
  text,
  first,
}: {
  imageId: number;
  captionSetId: number;
  name: string;
  text: string | null;
  first: boolean;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const write = useStudioCommand('captions.write');
  const save = () => {
    if (typed === null) return;
    const caption = captionOf(typed);
    if (caption === (text === '' ? null : text)) {
      setTyped(null);
      return;
    }
    write.mutate(
      { captionSetId, captions: [{ imageId, text: caption }] },
      {
        onSuccess: () => {
          setTyped((now) => (now === typed ? null : now));
        },
        onError: showFailure,
      },
    );
  };
  return (
    <Stack gap={4}>
      <Textarea
        label={name}
        placeholder={text === '' ? 'no words' : 'No caption'}
        autosize
        minRows={first ? 3 : 1}
        maxRows={12}
        value={typed ?? text ?? ''}
        data-caption-editor={first || undefined}
        data-saved={typed === null || undefined}
        onChange={({ currentTarget }) => {
          setTyped(currentTarget.value);
        }}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            setTyped(null);
            leave(event.currentTarget);
          } else if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            save();
            leave(event.currentTarget);
          } else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <CaptionCutNote text={typed ?? text ?? ''} />
    </Stack>
  );
}

/** Back to the pictures, where arrows go on to the next. */
function leave(field: HTMLElement): void {
  const grid = document.querySelector<HTMLElement>('[role="listbox"][aria-multiselectable]');
  if (grid === null) field.blur();
  else grid.focus();
}
