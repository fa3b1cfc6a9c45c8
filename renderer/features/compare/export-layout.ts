import type { Axis, ComparisonLayout } from '../../../electron/contract/gallery.ts';
import { type Layout, shownValues } from './axes.ts';
import type { Book } from './book.ts';
import type { Grid } from './grid.ts';

/**
 * What is on the screen, as the studio exports it: all that the grid shows of the axes that span it, one value of the
 * others. `allEpochs`: every epoch the person has not hidden, for an animation.
 */
export function exportLayout(
  book: Book,
  layout: Layout,
  grid: Pick<Grid, 'standing'>,
  allEpochs = false,
): ComparisonLayout {
  const { columns, rows } = layout;
  const { run, epoch, prompt, seed } = grid.standing;
  const spans = (axis: Axis) => axis === columns || axis === rows;
  const shown = (axis: Axis) => shownValues(layout, book.values, axis);
  const prompts = spans('prompt') ? shown('prompt') : [prompt];
  return {
    runIds: spans('run') ? shown('run').map(Number) : [run],
    epochs: allEpochs || spans('epoch') ? shown('epoch').map(Number) : [epoch],
    prompts: prompts.flatMap((key) => {
      const found = book.prompts.get(String(key));
      return found === undefined ? [] : [{ prompt: found.prompt, negativePrompt: found.negativePrompt }];
    }),
    seeds: spans('seed') ? shown('seed').map(Number) : [seed],
    columns,
    rows,
  };
}
