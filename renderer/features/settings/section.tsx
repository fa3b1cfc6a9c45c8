import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Settings } from '../../../electron/contract/system.ts';
import classes from './settings-screen.module.css';

export interface SectionProps {
  readonly settings: Settings;
  readonly change: (change: Partial<Settings>) => void;
}

/** Settings that belong together: what they are about at the left, the controls at the right. */
export function Section({
  title,
  about,
  children,
}: {
  title: string;
  about?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={classes.section} aria-label={title}>
      <div>
        <h2 className={classes.heading}>{title}</h2>
        {about !== undefined && <p className={classes.about}>{about}</p>}
      </div>
      <Stack gap="md">{children}</Stack>
    </section>
  );
}
