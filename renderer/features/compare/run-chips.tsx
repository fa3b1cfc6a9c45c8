import { ActionIcon, CloseButton, Group, Menu, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { countOf } from '../../components/quantities.ts';
import classes from './compare-screen.module.css';

/** The runs that are compared, and those that could be. */
export function RunChips({
  runs,
  chosen,
  onChange,
}: {
  runs: readonly RunSummary[];
  chosen: readonly number[];
  onChange: (runIds: readonly number[]) => void;
}) {
  const others = runs.filter(({ id }) => !chosen.includes(id));
  return (
    <Group gap={6} wrap="nowrap" className={classes.chips} role="group" aria-label="Runs compared">
      {chosen.map((id) => {
        const run = runs.find((one) => one.id === id);
        const name = run?.name ?? `Run ${id}`;
        return (
          <span key={id} className={classes.chip} title={run && `${run.captionSetName}, on ${run.baseName}`}>
            <span className={classes.oneLine}>{name}</span>
            {chosen.length > 1 && (
              <CloseButton
                size={18}
                aria-label={`Leave ${name} out`}
                onClick={() => {
                  onChange(chosen.filter((one) => one !== id));
                }}
              />
            )}
          </span>
        );
      })}
      {others.length > 0 && (
        <Menu position="bottom-start" width={320}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label="Add a run" title="Add a run">
              <IconPlus size={18} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
            {others.map((run) => (
              <Menu.Item
                key={run.id}
                onClick={() => {
                  onChange([...chosen, run.id]);
                }}
              >
                <Text size="sm" truncate>
                  {run.name}
                </Text>
                <Text size="xs" c="dimmed" truncate>
                  {run.captionSetName}, {run.epoch} of {countOf(run.epochs, 'epoch')}
                </Text>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}
