import { Skeleton } from '@mantine/core';

import type { Settings } from '../../../electron/contract/system.ts';
import { FailureNote } from '../../components/failure-note.tsx';
import { Screen } from '../../components/screen.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { AboutSection } from './about-section.tsx';
import { AppearanceSection } from './appearance-section.tsx';
import { CostSection } from './cost-section.tsx';
import { DeviceSection } from './device-section.tsx';
import { DownloadsSection } from './downloads-section.tsx';
import { LibrarySection } from './library-section.tsx';
import { LogSection } from './log-section.tsx';
import classes from './settings-screen.module.css';

/** What holds for the whole studio. Everything is kept as soon as it is changed. */
export function SettingsScreen() {
  const { data: settings, error, refetch } = useStudioQuery('system.settings', {});
  const command = useStudioCommand('system.changeSettings');
  const change = (changed: Partial<Settings>) => {
    command.mutate({ change: changed }, { onError: showFailure });
  };
  return (
    <Screen title="Settings">
      {error !== null && <FailureNote error={error} onRetry={() => void refetch()} />}
      {settings === undefined && error === null && <Skeleton height={480} maw={880} />}
      {settings !== undefined && (
        <div className={classes.sections}>
          <AppearanceSection settings={settings} change={change} />
          <LibrarySection />
          <DeviceSection settings={settings} change={change} />
          <DownloadsSection settings={settings} change={change} />
          <CostSection settings={settings} change={change} />
          <LogSection />
          <AboutSection />
        </div>
      )}
    </Screen>
  );
}
