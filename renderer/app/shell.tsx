import { Button, Text, UnstyledButton } from '@mantine/core';
import {
  type Icon,
  IconAdjustments,
  IconBoxModel2,
  IconFlame,
  IconLayoutColumns,
  IconPhoto,
  IconSettings,
  IconTimeline,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

import { useConnection } from '../studio/studio.tsx';
import { Mark } from './mark.tsx';
import classes from './shell.module.css';

interface RailEntry {
  readonly href: string;
  readonly label: string;
  readonly icon: Icon;
}

const entries: readonly RailEntry[] = [
  { href: '/datasets', label: 'Data sets', icon: IconPhoto },
  { href: '/train', label: 'Train', icon: IconFlame },
  { href: '/runs', label: 'Runs', icon: IconTimeline },
  { href: '/compare', label: 'Compare', icon: IconLayoutColumns },
  { href: '/bench', label: 'Bench', icon: IconAdjustments },
  { href: '/models', label: 'Models', icon: IconBoxModel2 },
];
const settings: RailEntry = { href: '/settings', label: 'Settings', icon: IconSettings };

/** The rail at the left, and the screen beside it. `activity` stands at the rail's foot. */
export function Shell({ activity, children }: { activity?: ReactNode; children: ReactNode }) {
  const connection = useConnection();
  return (
    <div className={classes.shell}>
      <nav className={classes.rail} aria-label="Screenfold">
        <Link href="/" className={classes.mark} aria-label="Screenfold, start">
          <Mark size={28} />
        </Link>
        {entries.map((entry) => (
          <RailLink key={entry.href} entry={entry} />
        ))}
        <div className={classes.foot}>
          {activity}
          <RailLink entry={settings} />
        </div>
      </nav>
      <main className={classes.main}>
        {connection === 'lost' && (
          <div className={classes.lost} role="status">
            <span>The studio does not answer. The page goes on by itself as soon as it does.</span>
            <Button
              size="compact-xs"
              variant="white"
              onClick={() => {
                window.location.reload();
              }}
            >
              Load the page again
            </Button>
          </div>
        )}
        <div className={classes.screen}>{children}</div>
      </main>
    </div>
  );
}

function RailLink({ entry }: { entry: RailEntry }) {
  const [location] = useLocation();
  const here = location === entry.href || location.startsWith(`${entry.href}/`);
  const { icon: EntryIcon } = entry;
  return (
    <UnstyledButton
      component={Link}
      href={entry.href}
      className={classes.place}
      data-here={here || undefined}
      aria-current={here ? 'page' : undefined}
    >
      <EntryIcon size={22} stroke={1.6} aria-hidden />
      <Text size="xs" component="span" className={classes.label}>
        {entry.label}
      </Text>
    </UnstyledButton>
  );
}
