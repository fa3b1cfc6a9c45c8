import { ActionIcon, Center, Group, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { type Captioner, captionerKindLabels } from '../../../electron/contract/captioners.ts';
import { bytesText } from '../../../electron/contract/quantities.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import classes from '../../components/listed.module.css';
import { Loading } from '../../components/loading.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { AddCaptioner } from './add-captioner.tsx';
import { CaptionerOffers } from './captioner-offers.tsx';

/** The captioning models of the library, and those to be had. */
export function CaptionerList() {
  const captioners = useStudioQuery('captioners.list', {});
  if (captioners.error !== null) {
    return (
      <Center p="xl">
        <FailureNote error={captioners.error} onRetry={() => void captioners.refetch()} />
      </Center>
    );
  }
  if (captioners.data === undefined) return <Loading />;
  return (
    <Stack gap="xl" maw={960}>
      <section aria-label="Your captioners">
        <Group justify="space-between" align="start" wrap="nowrap">
          <Text size="sm" c="dimmed">
            Captioning models look at images and write their captions: under Captions of a data set, By a
            model.
          </Text>
          <AddCaptioner />
        </Group>
        <ul className={classes.items} aria-label="Captioners">
          {captioners.data.map((captioner) => (
            <Entry key={captioner.id} captioner={captioner} />
          ))}
        </ul>
      </section>
      <section aria-labelledby="captioners-to-get">
        <Title order={2} size="h5" id="captioners-to-get">
          To download
        </Title>
        <CaptionerOffers />
      </section>
    </Stack>
  );
}

function Entry({ captioner }: { captioner: Captioner }) {
  const { id: captionerId, name, kind, bytes, folder, missing, downloaded } = captioner;
  const remove = useStudioCommand('captioners.remove');
  const [asks, setAsks] = useState(false);
  return (
    <li className={classes.item} aria-label={name}>
      <div className={classes.words}>
        <Text size="sm" fw={500} truncate title={folder}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" className="figures" truncate>
          {missing
            ? `Its folder is gone: ${folder}`
            : `${captionerKindLabels[kind]} · ${bytesText(bytes)} · ${downloaded ? 'downloaded' : folder}`}
        </Text>
      </div>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        aria-label={`Remove ${name}`}
        onClick={() => {
          setAsks(true);
        }}
      >
        <IconTrash size={16} />
      </ActionIcon>
      <ConfirmDialog
        open={asks}
        title={`Remove ${name}?`}
        confirm="Remove captioner"
        busy={remove.isPending}
        onClose={() => {
          setAsks(false);
        }}
        onConfirm={() => {
          // By the promise: once it is removed this is gone from the list, and callbacks of what is gone are not called.
          void remove
            .mutateAsync({ captionerId })
            .then(({ freedBytes }) => {
              if (freedBytes !== null)
                notifications.show({
                  title: `${name} was removed`,
                  message: `${bytesText(freedBytes)} are free again.`,
                });
            }, showFailure)
            .finally(() => {
              setAsks(false);
            });
        }}
      >
        <Text size="sm">
          {downloaded
            ? `Its files are deleted, which frees about ${bytesText(bytes)}. Captions that it wrote stay.`
            : 'It is removed from the list; its folder stays where it is. Captions that it wrote stay.'}
        </Text>
      </ConfirmDialog>
    </li>
  );
}
