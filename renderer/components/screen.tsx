import { Box, Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';

import classes from './screen.module.css';

/** A screen of the studio: its name and actions on a bar that stays, its content below, which scrolls or not. */
export function Screen({
  title,
  views,
  actions,
  scrolls = true,
  children,
}: {
  title: ReactNode;
  /** Links to what else there is of the same thing. */
  views?: ReactNode;
  actions?: ReactNode;
  scrolls?: boolean;
  children: ReactNode;
}) {
  return (
    <Box className={classes.screen} component="section">
      <header className={classes.bar}>
        <Title order={1} size="h4" className={classes.title}>
          {title}
        </Title>
        {views}
        <Group gap="xs" wrap="nowrap" ml="auto">
          {actions}
        </Group>
      </header>
      <div className={scrolls ? classes.scrolling : classes.fixed}>{children}</div>
    </Box>
  );
}
