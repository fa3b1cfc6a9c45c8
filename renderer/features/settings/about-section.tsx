import { Button, Group, Text } from '@mantine/core';

import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { Section } from './section.tsx';

/** Which version this is, what it runs on, and whether there is a newer one. */
export function AboutSection() {
  const { data: info } = useStudioQuery('system.info', {});
  const { mutate: restart, isPending } = useStudioCommand('system.restartForUpdate');
  if (info === undefined) return null;
  const on = [
    info.electron === null ? 'in the browser' : `Electron ${info.electron}`,
    `Node ${info.node}`,
    info.runtime === null ? '' : `ONNX Runtime ${info.runtime.replace(/^ONNX Runtime /i, '')}`,
    info.platform,
  ];
  return (
    <Section title="About">
      <div>
        <Text fw={500} className="figures">
          Screenfold {info.version}
        </Text>
        <Text size="sm" c="dimmed" className="figures">
          {on.filter((part) => part !== '').join(', ')}
        </Text>
      </div>
      {info.update !== null && (
        <Group gap="md">
          <Text size="sm">
            Version {info.update.version}{' '}
            {info.update.ready ? 'is ready to install.' : 'is being downloaded.'}
          </Text>
          {info.update.ready && (
            <Button
              variant="default"
              loading={isPending}
              onClick={() => {
                restart({}, { onError: showFailure });
              }}
            >
              Install and restart
            </Button>
          )}
        </Group>
      )}
    </Section>
  );
}
