import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { gpuNames, type GpuStatus } from '../../../electron/contract/gpu.ts';
import { bytesText } from '../../../electron/contract/quantities.ts';
import { failureText } from '../../../electron/contract/values.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { usePathPicker } from '../../components/path-picker.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { DownloadEntry } from '../downloads/download-entry.tsx';
import { LicenceDialog } from '../downloads/licence-dialog.tsx';
import { useDownloads } from '../downloads/use-downloads.ts';
import classes from './settings-screen.module.css';

/** What an NVIDIA GPU needs to compute, where there is one: what it brings, how large it is, and the way to have it. */
export function GpuCard() {
  const { data: status } = useStudioQuery('gpu.status', {});
  const { data: downloads } = useDownloads('gpu-pack');
  const gpus = status?.gpus ?? [];
  // Where there is no such GPU, nobody needs to hear of it.
  if (status === undefined || gpus.length === 0) return null;
  const [download] = downloads ?? [];
  return (
    <div className={classes.card} role="group" aria-label="GPU pack">
      <Text size="sm" fw={600} mb={4}>
        {gpuNames(gpus)}
      </Text>
      {status.pack === null ? (
        <Offer status={status} isUnderWay={download !== undefined} />
      ) : (
        <Installed pack={status.pack} status={status} isUnderWay={download !== undefined} />
      )}
      {download !== undefined && (
        <Box mt="sm">
          <DownloadEntry download={download} />
        </Box>
      )}
    </div>
  );
}

function Offer({ status, isUnderWay }: { status: GpuStatus; isUnderWay: boolean }) {
  const { offer, refusal } = status;
  return (
    <Stack gap="xs">
      <Text size="sm">
        The GPU pack makes it train and draw, many times faster than the processor: ONNX Runtime’s part for
        CUDA and NVIDIA’s libraries. Nothing else has to be installed.
      </Text>
      {offer !== null && (
        <Text size="sm" c="dimmed" className="figures">
          {bytesText(offer.downloadBytes)} to download, {bytesText(offer.bytes)} on the disk
        </Text>
      )}
      {refusal === null ? (
        <InstallButtons status={status} label="Install" isUnderWay={isUnderWay} />
      ) : (
        <Refused why={failureText(refusal)} />
      )}
    </Stack>
  );
}

/** Why the pack would be of no use now, and a look at whether that has changed, as after a driver was installed. */
function Refused({ why }: { why: string }) {
  const look = useStudioCommand('gpu.look');
  return (
    <>
      <Text size="sm" role="status">
        {why}
      </Text>
      <Group>
        <Button
          size="xs"
          variant="default"
          loading={look.isPending}
          onClick={() => {
            look.mutate({}, { onError: showFailure });
          }}
        >
          Look again
        </Button>
      </Group>
    </>
  );
}

function Installed({
  pack,
  status,
  isUnderWay,
}: {
  pack: NonNullable<GpuStatus['pack']>;
  status: GpuStatus;
  isUnderWay: boolean;
}) {
  const verify = useStudioCommand('gpu.verify');
  const remove = useStudioCommand('gpu.remove');
  const [asks, setAsks] = useState(false);
  const isRight = verify.data === null && pack.fault === null;
  return (
    <Stack gap="xs">
      <Text size="sm" {...(pack.fault !== null && { c: 'red' })} role="status" className="figures">
        {pack.fault === null
          ? `The GPU pack is installed: CUDA ${pack.cuda}, ONNX Runtime ${pack.onnxRuntime}, ${bytesText(pack.bytes)}.`
          : `The GPU pack is broken: ${pack.fault}.`}
        {isRight && ' All of its files are in order.'}
      </Text>
      {pack.fault !== null && <InstallButtons status={status} label="Repair" isUnderWay={isUnderWay} />}
      <Group gap="xs">
        {pack.fault === null && (
          <Button
            size="xs"
            variant="default"
            loading={verify.isPending}
            onClick={() => {
              verify.mutate({}, { onError: showFailure });
            }}
          >
            Check it
          </Button>
        )}
        <Button
          size="xs"
          variant="subtle"
          color="gray"
          loading={remove.isPending}
          onClick={() => {
            setAsks(true);
          }}
        >
          Remove
        </Button>
      </Group>
      <ConfirmDialog
        open={asks}
        title="Remove the GPU pack?"
        confirm="Remove GPU pack"
        onClose={() => {
          setAsks(false);
        }}
        onConfirm={() => {
          remove.mutate({}, { onError: showFailure });
          setAsks(false);
        }}
      >
        Runs then compute on another device. It can be installed again at any time.
      </ConfirmDialog>
    </Stack>
  );
}

/** From where it is published, or from a file that was fetched elsewhere; the licence is asked for before the first. */
function InstallButtons({
  status: { offer, licence, accepted },
  label,
  isUnderWay,
}: {
  status: GpuStatus;
  label: string;
  isUnderWay: boolean;
}) {
  const install = useStudioCommand('gpu.install');
  const installFile = useStudioCommand('gpu.installFile');
  /** What waits for the licence: the archive's file, or the download. */
  const [asked, setAsked] = useState<{ readonly file: string | null } | null>(null);
  const begin = (file: string | null, acceptLicence: boolean) => {
    const told = { onError: showFailure };
    if (file === null) install.mutate({ acceptLicence }, told);
    else installFile.mutate({ path: file, acceptLicence }, told);
    setAsked(null);
  };
  const want = (file: string | null) => {
    if (accepted) begin(file, false);
    else setAsked({ file });
  };
  const picker = usePathPicker({
    what: 'gpu-pack',
    title: 'Choose the file of the GPU pack',
    confirm: 'Install this file',
    onPick: want,
  });
  return (
    <Group gap="xs">
      {offer?.hasAddress === true && (
        <Button
          size="xs"
          loading={install.isPending}
          disabled={isUnderWay || installFile.isPending}
          onClick={() => {
            want(null);
          }}
        >
          {label}
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        loading={installFile.isPending}
        disabled={isUnderWay}
        onClick={picker.pick}
      >
        {label} from a file…
      </Button>
      {picker.dialog}
      <LicenceDialog
        open={asked !== null}
        name="the GPU pack"
        licence={licence}
        {...(asked?.file != null && { accept: 'Accept and install' })}
        onAccept={() => {
          if (asked !== null) begin(asked.file, true);
        }}
        onClose={() => {
          setAsked(null);
        }}
      />
    </Group>
  );
}
