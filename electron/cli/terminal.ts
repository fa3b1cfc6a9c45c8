import { SingleBar } from 'cli-progress';

import type { JobEvent } from '../../native/jobs.ts';
import { durationText } from '../contract/quantities.ts';
import { createPace, epochText, stepText } from './job-text.ts';
import { printableJson, printableLine } from './printable.ts';
import { withTypedCommands } from './typed-command.ts';

/** Where a command's words go. */
export interface Terminal {
  readonly json: boolean;
  /** One line for a person, on standard output; nothing under `--json`. Further lines of it are indented. */
  readonly line: (text: string) => void;
  /** For a person, on standard error, whatever the mode. */
  readonly warn: (text: string) => void;
  /** Under `--json` one line with this object; nothing otherwise. */
  readonly object: (value: object) => void;
  /** Shows a job's progress until the returned function is called. */
  readonly follow: (job: FollowedJob) => Follower;
  /** Shows how far something is that is no job of the engine's, `done` of `total` in the label's unit. */
  readonly gauge: () => Gauge;
  /** A line of the engine's log; shown under `--verbose` alone. */
  readonly log: (line: string) => void;
}

export interface FollowedJob {
  readonly epochs?: number;
  readonly pictures?: number;
}

export interface Follower {
  readonly event: (event: JobEvent) => void;
  readonly end: () => void;
}

export interface Gauge {
  readonly show: (label: string, done: number, total: number, detail: string) => void;
  readonly end: () => void;
}

/** Standard output and error, or what stands in for them. */
export type TextStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface TerminalStreams {
  readonly out: TextStream;
  readonly error: TextStream;
}

export interface TerminalOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly streams: TerminalStreams;
}

export function createTerminal({ json, verbose, streams }: TerminalOptions): Terminal {
  const { out, error } = streams;
  const bar = !json && error.isTTY === true ? createBar(error) : null;
  const write = (stream: TextStream, text: string) => {
    if (bar === null) stream.write(`${text}\n`);
    else bar.aside(() => stream.write(`${text}\n`));
  };
  const terminal: Terminal = {
    json,
    line: (text) => {
      if (!json) write(out, printableLine(withTypedCommands(text)));
    },
    warn: (text) => {
      write(error, printableLine(withTypedCommands(text)));
    },
    object: (value) => {
      if (json) out.write(`${printableJson(value)}\n`);
    },
    log: (line) => {
      if (verbose) write(error, `  engine: ${printableLine(line)}`);
    },
    gauge: () => gauge(terminal, bar),
    follow: (job) => {
      if (json) return { event: terminal.object, end: () => undefined };
      return follow(job, terminal, bar);
    },
  };
  return terminal;
}

interface Bar {
  readonly show: (label: string, done: number, total: number, detail: string) => void;
  /** Does something to the terminal with the bar out of the way. */
  readonly aside: (act: () => void) => void;
  readonly hide: () => void;
}

function createBar(stream: TextStream): Bar {
  const bar = new SingleBar({
    stream,
    format: '{label} {bar} {value}/{total}  {detail}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    hideCursor: true,
    clearOnComplete: true,
    // A signal handler of its own would end the process before the engine has stopped.
    gracefulExit: false,
  });
  let shown: readonly [string, number, number, string] | null = null;
  const hide = () => {
    if (shown !== null) bar.stop();
    shown = null;
  };
  const show: Bar['show'] = (label, done, total, detail) => {
    if (shown?.[2] === total) bar.update(done, { label, detail });
    else {
      hide();
      bar.start(total, done, { label, detail });
    }
    shown = [label, done, total, detail];
  };
  return {
    show,
    hide,
    aside: (act) => {
      const last = shown;
      hide();
      act();
      if (last !== null) show(...last);
    },
  };
}

const secondsBetweenPlainLines = 10;

function gauge({ line, json, object }: Terminal, bar: Bar | null): Gauge {
  let [saidAt, said] = [-Infinity, ''];
  return {
    show: (label, done, total, detail) => {
      if (bar !== null) {
        bar.show(label, done, total, detail);
        return;
      }
      if (said === label && performance.now() - saidAt < 1000 * secondsBetweenPlainLines) return;
      [saidAt, said] = [performance.now(), label];
      if (json) object({ type: 'progress', phase: label, done, total });
      else line(`${label} ${done}/${total}${detail === '' ? '' : `, ${detail}`}`);
    },
    end: () => bar?.hide(),
  };
}

function follow(job: FollowedJob, { line }: Terminal, bar: Bar | null): Follower {
  const pace = createPace();
  const epochs = job.epochs ?? 0;
  let saidAt = -Infinity;
  let phase = '';
  let phaseBegan = 0;
  let pictures = 0;
  const begun = performance.now();

  /** Whether it is time again for a plain line, where there is no bar. */
  const due = (now = false) => {
    if (!now && performance.now() - saidAt < 1000 * secondsBetweenPlainLines) return false;
    saidAt = performance.now();
    return true;
  };

  const event = (said: JobEvent): void => {
    switch (said.type) {
      case 'progress': {
        if (said.phase !== phase) phaseBegan = performance.now();
        const text = leftText(performance.now() - phaseBegan, said.done, said.total);
        if (bar !== null) bar.show(said.phase, said.done, said.total, text);
        // Where pictures are made, each of them is a line of its own.
        else if (job.pictures === undefined && due(said.phase !== phase)) {
          line(`${said.phase} ${said.done}/${said.total}`);
        }
        phase = said.phase;
        return;
      }
      case 'step': {
        const text = stepText(said, pace(said));
        if (bar !== null) bar.show(`Epoch ${said.epoch}/${epochs}`, said.step, said.totalSteps, text);
        else if (due()) line(`Step ${said.step}/${said.totalSteps}, ${text}`);
        return;
      }
      case 'epoch':
        line(epochText(said, epochs));
        return;
      case 'picture': {
        pictures += 1;
        const total = job.pictures ?? pictures;
        // The sampler's own progress, finer than whole pictures, keeps the bar where there is any.
        if (bar !== null && phase === '')
          bar.show('Pictures', pictures, total, leftText(performance.now() - begun, pictures, total));
        if (bar === null && due(pictures === total)) line(`Picture ${pictures}/${total}`);
        return;
      }
      case 'note':
        line(said.message);
        return;
      case 'checkpoint':
      case 'state':
        return;
    }
  };
  return { event, end: () => bar?.hide() };
}

function leftText(milliseconds: number, done: number, total: number): string {
  return done === 0 ? '' : `${durationText((milliseconds / 1000 / done) * (total - done))} left`;
}
