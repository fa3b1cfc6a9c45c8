import type { Download } from '../../../electron/contract/downloads.ts';
import { bytesText, durationText } from '../../../electron/contract/quantities.ts';

/** How a download stands, in a line. */
export function downloadText(download: Download): string {
  const { status, host, kind } = download;
  switch (status) {
    case 'running':
      return [amountText(download), rateText(download)].filter((part) => part !== '').join(', ');
    case 'waiting':
      return `${amountText(download)}, trying again shortly`;
    case 'checking':
      return `Complete; checking it, ${amountText(download)}`;
    case 'opening':
      return kind === 'captioner' ? 'Complete; trying it on a picture …' : 'Checked; reading the file …';
    case 'paused':
      return `Paused, ${amountText(download)}`;
    case 'failed':
      return `Stopped, ${amountText(download)} from ${host}`;
    case 'ready':
      return download.total === null ? 'Downloaded' : `Downloaded, ${bytesText(download.total)}`;
  }
}

function amountText({ done, total }: Download): string {
  return total === null ? bytesText(done) : `${bytesText(done)} of ${bytesText(total)}`;
}

function rateText({ bytesPerSecond, secondsLeft }: Download): string {
  const rate = bytesPerSecond === null ? '' : `${bytesText(bytesPerSecond)}/s`;
  return secondsLeft === null ? rate : `${rate}, ${durationText(secondsLeft)} left`;
}

/** In percent; null where nobody knows of how much. */
export function percentOf({ done, total }: Download): number | null {
  return total === null || total === 0 ? null : Math.min(100, (100 * done) / total);
}
