import type { ReactNode } from 'react';

import classes from './field-warning.module.css';

/** A field's description with a warning beneath it, so that both are read out with the field; nothing where there is neither. */
export function describedBy(
  description: ReactNode,
  warning: string | undefined,
): { readonly description?: ReactNode } {
  if (warning === undefined) return description === undefined ? {} : { description };
  return {
    description: (
      <>
        {description !== undefined && <span className={classes.before}>{description}</span>}
        <span className={classes.warning}>{warning}</span>
      </>
    ),
  };
}
