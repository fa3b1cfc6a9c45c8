import { Group } from '@mantine/core';
import type { ReactNode } from 'react';

import classes from './dialog-foot.module.css';

/** The buttons at the end of a dialog. */
export function DialogFoot({ children }: { children: ReactNode }) {
  return (
    <Group justify="flex-end" gap="xs" className={classes.foot}>
      {children}
    </Group>
  );
}
