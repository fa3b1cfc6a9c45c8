import { Text } from '@mantine/core';
import { Link } from 'wouter';

import type { Model } from '../../../electron/contract/models.ts';
import { lineage, type LineageRow, modelKindText } from './lineage.ts';
import classes from './model-tree.module.css';

/** All models, each below the one it was made of. */
export function ModelTree({ models, chosen }: { models: readonly Model[]; chosen: number | null }) {
  return (
    <nav className={classes.tree} aria-label="Models">
      <ul className={classes.items}>
        {lineage(models).map((row) => (
          <Entry key={row.model.id} row={row} here={row.model.id === chosen} />
        ))}
      </ul>
    </nav>
  );
}

function Entry({ row: { model, lines }, here }: { row: LineageRow; here: boolean }) {
  return (
    <li>
      <Link
        href={`/models/${model.id}`}
        className={classes.link}
        data-here={here || undefined}
        aria-current={here ? 'page' : undefined}
      >
        {lines.map((on, column) => (
          <span
            key={column}
            className={classes.branch}
            data-on={on || undefined}
            data-elbow={column === lines.length - 1 || undefined}
            aria-hidden
          />
        ))}
        <span className={classes.text}>
          <Text size="sm" fw={500} truncate title={model.name}>
            {model.name}
          </Text>
          <span className={classes.note}>{model.missing ? 'Its folder is gone' : modelKindText(model)}</span>
        </span>
      </Link>
    </li>
  );
}
