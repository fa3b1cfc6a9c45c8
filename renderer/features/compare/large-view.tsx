import { ActionIcon, Button, Group, Text, Tooltip } from '@mantine/core';
import { IconArrowLeft, IconStar, IconStarFilled } from '@tabler/icons-react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { FittedFrame } from '../../components/pictures/fitted-frame.tsx';
import { Picture } from '../../components/pictures/picture.tsx';
import { useFavourite } from '../../components/pictures/use-live-samples.ts';
import { useZoomArea } from '../../components/pictures/use-zoom.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import { promptText } from '../../components/prompt-text.ts';
import { media } from '../../studio/media.ts';
import type { Coordinates } from './axes.ts';
import { type Book, cellAt } from './book.ts';
import { EpochStrip } from './epoch-strip.tsx';
import { CellContent } from './grid-cell.tsx';
import { placeText } from './labels.ts';
import { LargeActions } from './large-actions.tsx';
import classes from './large-view.module.css';
import { NearestImage } from './nearest-image.tsx';
import { PictureFacts } from './picture-facts.tsx';

/** One picture as large as the window allows, its settings beside it, its epochs below. */
export function LargeView({
  book,
  place,
  epochs,
  heldOut,
  zoom,
  isReady,
  onEpoch,
  onCompare,
  onClose,
}: {
  book: Book;
  place: Coordinates;
  epochs: readonly number[];
  /** Whether the real image whose caption the prompt is stands beside, where there is one. */
  heldOut: boolean;
  zoom: ZoomStore;
  isReady: (sample: Sample) => boolean;
  onEpoch: (epoch: number) => void;
  /** Another place to compare this one with; null: it is chosen in the grid. */
  onCompare: (other: Coordinates | null) => void;
  onClose: () => void;
}) {
  const area = useZoomArea(zoom, 'always');
  const cell = cellAt(book, place);
  const sample = cell.kind === 'ready' ? cell.sample : null;
  const prompt = book.prompts.get(place.prompt);
  const recipe = sample?.recipe ?? book.runs.get(place.run)?.recipe;
  const [width, height] = [recipe?.width ?? 1, recipe?.height ?? 1];
  const realImage = heldOut ? (prompt?.heldOutImageId ?? null) : null;

  return (
    <div className={classes.large} role="region" aria-label="Large picture">
      <Bar {...{ book, place, sample, onClose }} />
      <div className={classes.body}>
        <div className={classes.stage} ref={area} data-two={realImage !== null || undefined}>
          <FittedFrame width={width} height={height} zoom={zoom}>
            {(pixelated) => (
              <CellContent
                cell={cell}
                alt={`${prompt ? promptText(prompt) : ''}, ${placeText(book, place)}`}
                pixelated={pixelated}
                ready={cell.kind === 'ready' && isReady(cell.sample)}
              />
            )}
          </FittedFrame>
          {realImage !== null && (
            <FittedFrame width={width} height={height} zoom={zoom}>
              {() => (
                <>
                  <Picture address={media.image(realImage)} alt="The held-out image with this caption" />
                  <span className={classes.caption}>Held-out image</span>
                </>
              )}
            </FittedFrame>
          )}
        </div>
        <aside className={`${classes.side} fades`} aria-label="About this picture">
          {sample !== null && <NearestImage sample={sample} runId={place.run} />}
          <PictureFacts book={book} place={place} recipe={recipe} />
          <Group gap={0}>
            <LargeActions book={book} place={place} epochs={epochs} sample={sample} onCompare={onCompare} />
          </Group>
        </aside>
      </div>
      <EpochStrip book={book} place={place} epochs={epochs} aspect={width / height} onEpoch={onEpoch} />
    </div>
  );
}

/** What the picture is, the way back to the grid, and the star. */
function Bar({
  book,
  place,
  sample,
  onClose,
}: {
  book: Book;
  place: Coordinates;
  sample: Sample | null;
  onClose: () => void;
}) {
  const setFavourite = useFavourite();
  const prompt = book.prompts.get(place.prompt);
  return (
    <header className={classes.bar}>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        leftSection={<IconArrowLeft size={16} aria-hidden />}
        onClick={onClose}
      >
        Grid
      </Button>
      <div className={classes.title}>
        <Text size="sm" fw={600} truncate title={prompt && promptText(prompt)}>
          {prompt && promptText(prompt)}
        </Text>
        <Text size="xs" c="dimmed" truncate className="figures">
          {placeText(book, place)}
          {prompt?.negativePrompt ? `, without ${prompt.negativePrompt}` : ''}
        </Text>
      </div>
      <Tooltip label={sample?.favourite ? 'Remove from favourites (F)' : 'Add to favourites (F)'}>
        <ActionIcon
          variant="subtle"
          color={sample?.favourite ? 'clay' : 'gray'}
          size="lg"
          aria-label="Favourite"
          aria-pressed={sample?.favourite ?? false}
          disabled={sample === null}
          onClick={() => {
            if (sample !== null) setFavourite(sample);
          }}
        >
          {sample?.favourite ? <IconStarFilled size={18} /> : <IconStar size={18} />}
        </ActionIcon>
      </Tooltip>
    </header>
  );
}
