import { IconAlertTriangle } from '@tabler/icons-react';
import type { CSSProperties, ReactNode } from 'react';

import classes from './notice.module.css';

/** Something a person should know before going on, with what can be done about it at the right. */
export function Notice({
  title,
  serious = false,
  icon = <IconAlertTriangle size={20} stroke={1.8} aria-hidden />,
  actions,
  children,
}: {
  title: string;
  /** A failure, not a mere circumstance. */
  serious?: boolean;
  icon?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const color = `var(--mantine-color-${serious ? 'red' : 'yellow'}-filled)`;
  return (
    <div
      className={classes.notice}
      style={{ '--notice-color': color } as CSSProperties}
      role={serious ? 'alert' : 'status'}
    >
      <span className={classes.icon}>{icon}</span>
      <div className={classes.text}>
        <div className={classes.title}>{title}</div>
        {children}
      </div>
      {actions !== undefined && <div className={classes.actions}>{actions}</div>}
    </div>
  );
}
