import { IconCaretLeftFilled, IconCaretRightFilled } from '@tabler/icons-react';

import classes from './pair-view.module.css';

export function WipeHandle() {
  return (
    <div className={classes.wipe}>
      <span className={classes.knob}>
        <IconCaretLeftFilled size={14} aria-hidden />
        <IconCaretRightFilled size={14} aria-hidden />
      </span>
    </div>
  );
}
