import { Button, Stack, Text, Title } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link } from 'wouter';

import type { Download, StarterOffer } from '../../../electron/contract/downloads.ts';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { Screen } from '../../components/screen.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { AddressForm } from './address-form.tsx';
import { DownloadEntry } from './download-entry.tsx';
import classes from './get-base-screen.module.css';
import { StarterCard } from './starter-card.tsx';
import { useDownloads } from './use-downloads.ts';

/** Bases to be had by a click, one from any address, and how those that were asked for stand. */
export function GetBaseScreen() {
  const starters = useStudioQuery('downloads.starters', {});
  const downloads = useDownloads('base');
  const error = starters.error ?? downloads.error;
  return (
    <Screen
      title="Get a base"
      actions={
        <Button
          size="xs"
          variant="default"
          component={Link}
          href="/models"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
        >
          Models
        </Button>
      }
    >
      {error !== null ? (
        <FailureNote
          error={error}
          onRetry={() => void Promise.all([starters.refetch(), downloads.refetch()])}
        />
      ) : starters.data === undefined || downloads.data === undefined ? (
        <Loading height={240} />
      ) : (
        <Ways starters={starters.data} downloads={downloads.data} />
      )}
    </Screen>
  );
}

function Ways({
  starters,
  downloads,
}: {
  starters: readonly StarterOffer[];
  downloads: readonly Download[];
}) {
  return (
    <Stack gap="xl" className={classes.content}>
      {downloads.length > 0 && (
        <section aria-label="Downloads">
          {downloads.map((download) => (
            <DownloadEntry key={download.id} download={download} />
          ))}
        </section>
      )}
      <section aria-label="Bases" className={classes.starters}>
        {starters.map((starter) => (
          <StarterCard
            key={starter.id}
            starter={starter}
            download={downloads.find(({ id }) => id === starter.id) ?? null}
          />
        ))}
      </section>
      <section aria-labelledby="any-address">
        <Title order={2} size="h5" id="any-address">
          From any address
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          A Stable Diffusion 1.x, 2.x or XL model in one file, .safetensors or .ckpt. The file is checked
          against the SHA-256 that you enter, or that its host gives.
        </Text>
        <AddressForm />
      </section>
    </Stack>
  );
}
