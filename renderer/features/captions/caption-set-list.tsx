import { Progress, UnstyledButton } from '@mantine/core';

import type { CaptionSetData } from '../../../electron/contract/captions.ts';
import { captionedText, sourceText } from '../../components/caption-source.ts';
import { countOf, countText } from '../../components/quantities.ts';
import classes from './captions-view.module.css';

/** Caption sets with what they were made of, and how far each is captioned. */
export function CaptionSetList({
  sets,
  chosenId,
  onChoose,
}: {
  sets: readonly CaptionSetData[];
  chosenId: number;
  onChoose: (captionSetId: number) => void;
}) {
  return (
    <ul className={classes.sets}>
      {sets.map((set) => {
        const all = set.captioned + set.uncaptioned;
        return (
          <li key={set.id}>
            <UnstyledButton
              className={classes.set}
              data-here={set.id === chosenId || undefined}
              aria-current={set.id === chosenId}
              onClick={() => {
                onChoose(set.id);
              }}
            >
              <span className={classes.setName}>{set.name}</span>
              {sourceText(set.source) !== set.name && (
                <span className={classes.setSource} title={sourceText(set.source)}>
                  {sourceText(set.source)}
                </span>
              )}
              <Progress
                size={3}
                value={all === 0 ? 0 : (set.captioned / all) * 100}
                aria-label={`${captionedText(set)}, of ${countOf(all, 'image')}`}
              />
              <span className={`${classes.setCounts} figures`}>
                {captionedText(set)}
                {set.uncaptioned > 0 && `, ${countText(set.uncaptioned)} without`}
                {set.byHand > 0 && `, ${countText(set.byHand)} by hand`}
              </span>
            </UnstyledButton>
          </li>
        );
      })}
    </ul>
  );
}
