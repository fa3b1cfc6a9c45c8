import { Button, CopyButton, Group, SegmentedControl, Text } from '@mantine/core';
import { IconCopy, IconRefresh } from '@tabler/icons-react';
import { useLayoutEffect, useRef, useState } from 'react';

import { FailureNote } from '../../components/failure-note.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { linesFrom, logText } from './log-lines.ts';
import { Section } from './section.tsx';
import classes from './settings-screen.module.css';

type Level = 'info' | 'warn' | 'error';

/** What the studio wrote down, newest at the foot; to read and to send to somebody who can help. */
export function LogSection() {
  const [level, setLevel] = useState<Level>('info');
  const { data, error, refetch, isFetching } = useStudioQuery('system.log', { lines: 1000 });
  const lines = linesFrom(data ?? [], level);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [data, level]);
  return (
    <Section title="Log" about="What the studio did and what went wrong. It stays on this machine.">
      <Group gap="xs">
        <SegmentedControl
          aria-label="Show"
          value={level}
          data={[
            { value: 'info', label: 'Everything' },
            { value: 'warn', label: 'Warnings' },
            { value: 'error', label: 'Errors' },
          ]}
          onChange={(value) => {
            setLevel(value);
          }}
        />
        <Button
          ml="auto"
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={isFetching}
          onClick={() => void refetch()}
        >
          Refresh
        </Button>
        <CopyButton value={logText(lines)}>
          {({ copied, copy }) => (
            <Button variant="default" leftSection={<IconCopy size={16} aria-hidden />} onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      {error !== null && <FailureNote error={error} />}
      <div className={classes.log} ref={box} tabIndex={0} role="log" aria-label="Log">
        {lines.length === 0 && (
          <Text size="sm" c="dimmed">
            There are no entries of this kind.
          </Text>
        )}
        {lines.map(({ time, level: of, message }, at) => (
          <div key={at} data-level={of}>
            <time dateTime={new Date(time).toISOString()}>{new Date(time).toLocaleTimeString('en-GB')}</time>
            <span>{message}</span>
          </div>
        ))}
      </div>
    </Section>
  );
}
