import { Button, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';

import type { Download, StarterOffer } from '../../../electron/contract/downloads.ts';
import { bytesText } from '../../../electron/contract/quantities.ts';
import { PageAddress } from '../../components/page-address.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import classes from './get-base-screen.module.css';
import { LicenceDialog } from './licence-dialog.tsx';

/** A base that is offered: what it is good for, how large, under which licence. */
export function StarterCard({ starter, download }: { starter: StarterOffer; download: Download | null }) {
  const start = useStudioCommand('downloads.startBase');
  const [asks, setAsks] = useState(false);
  const begin = (acceptLicence: boolean) => {
    start.mutate({ starterId: starter.id, acceptLicence }, { onError: showFailure });
    setAsks(false);
  };
  const { name, bytes, resolution, suits, licence, page, accepted, opens } = starter;
  return (
    <div className={classes.starter} role="group" aria-label={name}>
      <div>
        <Title order={2} size="h5">
          {name}
        </Title>
        <Text size="sm">{suits}</Text>
        <Text size="sm" c="dimmed" className="figures">
          {bytesText(bytes)}, made for {resolution} px, {licence.name}
          {accepted && ' (accepted)'}
        </Text>
        <PageAddress name={name} page={page} />
      </div>
      <div>
        <Button
          leftSection={<IconDownload size={16} aria-hidden />}
          disabled={!opens || download !== null}
          loading={start.isPending}
          onClick={() => {
            if (accepted) begin(false);
            else setAsks(true);
          }}
        >
          Download
        </Button>
        {!opens && (
          <Text size="xs" c="dimmed" mt={4} maw={180}>
            This version of Screenfold cannot open it yet.
          </Text>
        )}
      </div>
      <LicenceDialog
        open={asks}
        name={name}
        licence={licence}
        onAccept={() => {
          begin(true);
        }}
        onClose={() => {
          setAsks(false);
        }}
      />
    </div>
  );
}
