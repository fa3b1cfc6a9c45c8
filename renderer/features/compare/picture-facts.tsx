import type { Sample } from '../../../electron/contract/gallery.ts';
import { methodName } from '../../../electron/contract/method-text.ts';
import { samplerLabel } from '../../../electron/contract/values.ts';
import type { Coordinates } from './axes.ts';
import type { Book } from './book.ts';
import { epochLoss, epochText } from './labels.ts';
import classes from './large-view.module.css';

/** How a picture came to be: which run and epoch, from which noise, by which settings. */
export function PictureFacts({
  book,
  place,
  recipe,
}: {
  book: Book;
  place: Coordinates;
  recipe: Sample['recipe'] | undefined;
}) {
  const run = book.runs.get(place.run);
  const facts: readonly (readonly [string, string])[] = [
    ['Epoch', epochText(place.epoch)],
    ['Loss', epochLoss(run, place.epoch) ?? '–'],
    ['Seed', String(place.seed)],
    ['Run', run?.name ?? '–'],
    ['Captions', run?.captionSetName ?? '–'],
    ['Base', run?.baseName ?? '–'],
    ['Method', run === undefined ? '–' : methodName(run.method)],
    ...(recipe === undefined
      ? []
      : ([
          ['Sampler', samplerLabel(recipe.sampler)],
          ['Steps', String(recipe.steps)],
          ['Guidance', String(recipe.guidanceScale)],
          ...(recipe.clipSkip === undefined ? [] : [['Clip skip', String(recipe.clipSkip)] as const]),
          ['Size', `${recipe.width} × ${recipe.height}`],
        ] as const)),
  ];
  return (
    <dl className={`${classes.facts} figures`}>
      {facts.map(([name, value]) => (
        <div key={name} className={classes.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
