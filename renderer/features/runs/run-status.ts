import type { RunStatus, RunSummary } from '../../../electron/contract/runs.ts';
import { countOf } from '../../components/quantities.ts';

const texts: Readonly<Record<RunStatus, string>> = {
  queued: 'Queued',
  preparing: 'Preparing',
  training: 'Training',
  stopping: 'Stopping after this step',
  paused: 'Paused',
  finished: 'Finished',
  failed: 'Failed',
  interrupted: 'Interrupted',
  cancelled: 'Stopped',
};

export function statusText(status: RunStatus): string {
  return texts[status];
}

/** Where in the queue a run is. */
export function queuedText({ queuePosition }: Pick<RunSummary, 'queuePosition'>): string {
  return queuePosition === null || queuePosition === 1
    ? 'Next in the queue'
    : `Number ${queuePosition} in the queue`;
}

/** A run that stands still, and where. */
export function standstillText(status: RunStatus, epoch: number, epochs: number): string {
  const where = epoch === 0 ? 'before the first epoch' : `at epoch ${epoch} of ${epochs}`;
  return `${statusText(status)} ${where}`;
}

/** How far a finished run came. */
export function finishedText({ epoch, epochs }: Pick<RunSummary, 'epoch' | 'epochs'>): string {
  return epoch > 0 && epoch < epochs
    ? `Stopped early, after epoch ${epoch} of ${epochs}`
    : `Finished, ${countOf(epochs, 'epoch')}`;
}

/** Something computes, or is about to stop. */
export function isUnderWay(status: RunStatus): boolean {
  return status === 'preparing' || status === 'training' || status === 'stopping';
}

/** It has ended for good, of itself or by a person. */
export function hasEnded(status: RunStatus): boolean {
  return status === 'finished' || status === 'cancelled';
}

/** Nothing computes, and it could go on. */
export function canResume(status: RunStatus): boolean {
  return status === 'paused' || status === 'interrupted' || status === 'failed';
}

export function canPause(status: RunStatus): boolean {
  return status === 'preparing' || status === 'training';
}

/** What is queued can be taken back, what is under way or paused be ended for good. */
export function canStop(status: RunStatus): boolean {
  return status === 'queued' || canPause(status) || status === 'paused' || status === 'interrupted';
}

/** A Mantine colour for a status's dot and badge. */
export function statusColor(status: RunStatus): string {
  switch (status) {
    case 'preparing':
    case 'training':
    case 'stopping':
      return 'clay';
    case 'failed':
      return 'red';
    case 'interrupted':
    case 'paused':
      return 'yellow';
    case 'finished':
      return 'teal';
    case 'queued':
    case 'cancelled':
      return 'gray';
  }
}
