import { Failure } from '../../../native/failure.ts';
import { bytesText, durationText } from '../../contract/quantities.ts';
import type { DownloadDeps, DownloadProgress } from '../../downloads/download.ts';
import { createDownloadMeter } from '../../downloads/download-meter.ts';
import type { HttpGet } from '../../downloads/http-get.ts';
import { withInterrupts } from '../interrupts.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Has something downloaded, with its progress on the terminal. Ctrl-C pauses it.
 * @param work gives what is said of it at its end
 * @returns whether it came to its end
 */
export async function bring(
  get: HttpGet,
  terminal: Terminal,
  work: (deps: DownloadDeps) => Promise<string>,
): Promise<boolean> {
  const gauge = terminal.gauge();
  const onStop = () => {
    terminal.warn('Pausing …');
  };
  try {
    return await withInterrupts(onStop, async ({ stop }) => {
      const said = await work({ get, signal: stop, onProgress: teller(terminal, gauge.show) });
      gauge.end();
      terminal.line(said);
      return true;
    });
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'download-paused') throw error;
    gauge.end();
    terminal.line('Paused. What was downloaded so far is kept: the same command goes on.');
    return false;
  } finally {
    gauge.end();
  }
}

type Show = ReturnType<Terminal['gauge']>['show'];

function teller(terminal: Terminal, show: Show): (said: DownloadProgress) => void {
  const meter = createDownloadMeter();
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  return (said) => {
    if (said.phase === 'waiting') {
      terminal.warn(`${said.why.message} Trying again in ${durationText(said.seconds)} …`);
      return;
    }
    const { done, total, phase } = said;
    const { bytesPerSecond, secondsLeft } = meter(done, total);
    const rate = bytesPerSecond === null ? '' : `${bytesText(bytesPerSecond)}/s`;
    const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`;
    const label = phase === 'checking' ? 'Checking, MB' : 'Downloading, MB';
    show(label, megabytes(done), megabytes(total ?? done), `${rate}${left}`);
  };
}
