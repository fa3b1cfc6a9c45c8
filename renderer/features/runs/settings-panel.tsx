import { Title } from '@mantine/core';

import { bytesText } from '../../../electron/contract/quantities.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { ClassImages } from './class-images.tsx';
import { settingsGroups } from './settings-groups.ts';
import classes from './settings-panel.module.css';

/** All settings of a run. */
export function SettingsPanel({ run }: { run: RunDetail }) {
  const kept = {
    title: 'On disk',
    rows: [
      ['Folder', run.folder],
      ['Size', bytesText(run.bytes)],
      ...(run.stateBytes === 0 ? [] : [['Saved state', bytesText(run.stateBytes)] as const]),
    ],
  };
  return (
    <div className={classes.groups}>
      {[...settingsGroups(run), kept].map(({ title, rows }) => (
        <section key={title} className={classes.group}>
          <Title order={3} size="h6">
            {title}
          </Title>
          <dl className={`${classes.rows} figures`}>
            {rows.map(([name, value]) => (
              <Row key={name} name={name} value={value} />
            ))}
          </dl>
        </section>
      ))}
      <ClassImages run={run} />
    </div>
  );
}

function Row({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
