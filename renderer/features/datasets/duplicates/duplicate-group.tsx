import { Badge, Text, UnstyledButton } from '@mantine/core';

import type { DuplicateGroup } from '../../../../electron/contract/datasets.ts';
import { bytesText } from '../../../../electron/contract/quantities.ts';
import { media } from '../../../studio/media.ts';
import { bestOf, keptOut } from './duplicates.ts';
import classes from './duplicates-view.module.css';

/** Images that are alike; a click keeps one and excludes the others. */
export function DuplicateRow({
  group,
  onExclude,
}: {
  group: DuplicateGroup;
  onExclude: (imageIds: readonly number[]) => void;
}) {
  const best = bestOf(group);
  return (
    <section
      className={classes.group}
      aria-label={`${group.images.length} images alike, ${best.file} among them`}
    >
      <div className={classes.kind}>
        <Text size="sm" fw={500}>
          {group.kind === 'exact' ? 'Exact' : 'Near'}
        </Text>
        <Text size="xs" c="dimmed" className="figures">
          {howAlike(group)}
        </Text>
        {group.crossesSplit && (
          <Badge
            size="sm"
            color="red"
            variant="light"
            mt={6}
            title="Some are trained on and some held out, so the held-out loss looks better than it is"
          >
            Crosses the split
          </Badge>
        )}
      </div>
      <div className={classes.images}>
        {group.images.map((image) => (
          <UnstyledButton
            key={image.id}
            className={classes.image}
            title="Exclude the others"
            onClick={() => {
              onExclude(keptOut(group, image));
            }}
          >
            <span className={classes.picture}>
              <img src={media.thumbnail(image.id)} alt="" loading="lazy" decoding="async" />
              <span className={classes.keep}>Keep this one</span>
            </span>
            <span className={classes.file} title={image.file}>
              {image.file}
            </span>
            <span className={`${classes.facts} figures`}>
              {image.width} × {image.height}, {bytesText(image.bytes)}
              {image.heldOut ? ', held out' : ''}
              {image.id === best.id ? ', best' : ''}
            </span>
          </UnstyledButton>
        ))}
      </div>
    </section>
  );
}

function howAlike({ kind, distance }: DuplicateGroup): string {
  if (kind === 'exact') return 'The same file, byte for byte';
  if (distance === 0) return 'Same to the eye';
  return distance === 1 ? '1 bit differs' : `${distance} bits differ`;
}
