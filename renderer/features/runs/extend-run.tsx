import { Button, Modal, NumberInput, Select, Stack, Text } from '@mantine/core';
import { IconPlayerTrackNext } from '@tabler/icons-react';
import { useState } from 'react';

import { usualLearningRate } from '../../../electron/contract/learning-rates.ts';
import { durationText } from '../../../electron/contract/quantities.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { DialogFoot } from '../../components/dialog-foot.tsx';
import { countOf } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

type Schedule = RunDetail['request']['train']['schedule'];

const schedules: readonly { readonly value: Schedule; readonly label: string }[] = [
  { value: 'constant', label: 'Constant' },
  { value: 'cosine', label: 'Falling to zero along a cosine' },
  { value: 'linear', label: 'Falling to zero evenly' },
];

/** Trains a run that has ended on for more epochs, as long as what it needs for that is there. */
export function ExtendRun({ runId }: { runId: number }) {
  const [open, setOpen] = useState(false);
  const run = useStudioQuery('runs.get', { runId }).data;
  if (run === undefined || run.stateBytes === 0) return null;
  const close = () => {
    setOpen(false);
  };
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlayerTrackNext size={16} aria-hidden />}
        onClick={() => {
          setOpen(true);
        }}
      >
        Train on…
      </Button>
      <Modal opened={open} onClose={close} title={`More epochs for ${run.name}`} centered>
        <ExtendForm run={run} onClose={close} />
      </Modal>
    </>
  );
}

function ExtendForm({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const extend = useStudioCommand('runs.extend');
  const now = ratesOf(run);
  const [epochs, setEpochs] = useState<number | string>(usualEpochs(run));
  const [schedule, setSchedule] = useState<Schedule>(now.schedule);
  const [learningRate, setLearningRate] = useState<number | string>(now.learningRate);
  const isWhole = typeof epochs === 'number' && epochs >= 1;
  const isRate = typeof learningRate === 'number' && learningRate > 0;
  const seconds = secondsPerEpoch(run);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWhole || !isRate) return;
        const input = { runId: run.id, epochs, schedule, learningRate };
        extend.mutate(input, { onSuccess: onClose, onError: showFailure });
      }}
    >
      <Stack gap="md">
        <NumberInput
          label="More epochs"
          description={`${countOf(run.epoch, 'epoch')} done so far.`}
          value={epochs}
          min={1}
          max={1_000_000}
          allowDecimal={false}
          onChange={setEpochs}
          data-autofocus
        />
        <Select
          label="Learning rate over these epochs"
          data={[...schedules]}
          value={schedule}
          allowDeselect={false}
          onChange={(value) => {
            if (value !== null) setSchedule(value);
          }}
        />
        <NumberInput
          label={schedule === 'constant' ? 'Learning rate' : 'Learning rate to begin with'}
          value={learningRate}
          min={0}
          max={100}
          step={1e-5}
          decimalScale={12}
          onChange={setLearningRate}
        />
        <Text size="sm" c="dimmed">
          {isWhole
            ? `${countOf(run.epoch + epochs, 'epoch')} in all${seconds === null ? '' : `, in about ${durationText(seconds * epochs)}`}. What it has learned so far is kept.`
            : 'Enter how many epochs.'}
        </Text>
        <DialogFoot>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!isWhole || !isRate} loading={extend.isPending}>
            Train on
          </Button>
        </DialogFoot>
      </Stack>
    </form>
  );
}

/** To where it was to end, where it was stopped before; else half as many as it has had. */
function usualEpochs({ epoch, epochs }: RunDetail): number {
  return epoch < epochs ? epochs - epoch : Math.max(1, Math.round(epoch / 2));
}

function ratesOf({ request, plan }: RunDetail): {
  readonly schedule: Schedule;
  readonly learningRate: number;
} {
  const { method, train } = request;
  const anew = plan.extensions?.findLast(({ rates }) => rates !== null)?.rates;
  return {
    schedule: schedules.find(({ value }) => value === anew?.schedule)?.value ?? train.schedule,
    learningRate: anew?.learningRate ?? train.learningRate ?? usualLearningRate(method.kind, train.optimizer),
  };
}

function secondsPerEpoch({ ledger }: RunDetail): number | null {
  if (ledger.length === 0) return null;
  return ledger.reduce((sum, { seconds }) => sum + seconds, 0) / ledger.length;
}
