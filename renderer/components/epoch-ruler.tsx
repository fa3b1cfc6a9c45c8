import classes from './epoch-ruler.module.css';
import { epochMarks } from './epoch-scale.ts';
import { countOf } from './quantities.ts';

/** The epochs of a run as a line, with the base and its checkpoints as dots; filled as far as it has come. */
export function EpochRuler({
  epochs,
  checkpoints,
  reached = -1,
}: {
  epochs: number;
  checkpoints: readonly number[];
  /** Epochs behind it; a fraction counts. Left out: it has not begun. */
  reached?: number;
}) {
  const marks = epochMarks(epochs, [0, ...checkpoints]);
  return (
    <div
      className={`${classes.ruler} figures`}
      role="img"
      aria-label={`${countOf(epochs, 'epoch')}, the base and ${checkpoints.length === 1 ? 'checkpoint' : 'checkpoints'} after ${checkpoints.join(', ')}`}
    >
      <div className={classes.track} />
      <div
        className={classes.reached}
        style={{ width: `${(Math.max(0, Math.min(1, reached / epochs)) || 0) * 100}%` }}
      />
      {marks.map(({ epoch, at, labelled, crowded }) => (
        <div key={epoch}>
          <div
            className={classes.mark}
            style={{ left: `${at * 100}%` }}
            data-crowded={crowded || undefined}
            data-reached={epoch <= reached || undefined}
          />
          {labelled && (
            <div className={classes.label} style={{ left: `${at * 100}%` }}>
              {epoch}
            </div>
          )}
        </div>
      ))}
    </div>
  );
}
