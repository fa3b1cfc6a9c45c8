import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';

import pino, { type Logger } from 'pino';

import type { Log } from '../library/library.ts';

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface StudioLog extends Log {
  readonly file: string;
  /** The newest lines of this session, oldest first. */
  recent(lines: number): readonly LogLine[];
  /** What is said from now on is kept in memory alone: a call that was under way may still fail and say so. */
  close(): void;
}

const kept = 5000;
const largestFile = 8 * 1024 * 1024;
/** Bytes of lines that wait for room on a full disk. */
const mostWaiting = 1024 * 1024;

/**
 * Writes JSON lines to `screenfold.log` in the folder and keeps the newest in memory. Lines are on disk when the call
 * returns: what was said before a crash is what one wants to read after it. Where they cannot be written they wait for a
 * later line that can, and nobody else hears of it.
 */
export function createLog(folder: string, now: () => number): StudioLog {
  const file = join(folder, 'screenfold.log');
  let destination = openFile(file);
  let writer: Logger | null = null;
  const write = (level: LogLine['level'], text: string) => {
    destination ??= openFile(file);
    if (destination === null) return;
    writer ??= pino({ base: null, timestamp: () => `,"time":${now()}` }, destination);
    writer[level](text);
  };
  const lines: LogLine[] = [];
  let open = true;
  const say = (level: LogLine['level']) => (message: string, detail?: unknown) => {
    const text = detail === undefined ? message : `${message}: ${detailText(detail)}`;
    lines.push({ time: now(), level, message: text });
    if (lines.length > kept) lines.splice(0, lines.length - kept);
    if (open) write(level, text);
  };
  return {
    file,
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    recent: (count) => lines.slice(-count),
    close: () => {
      open = false;
      destination?.end();
    },
  };
}

/** Null where it cannot be opened now. */
function openFile(file: string) {
  try {
    setAside(file);
    const destination = pino.destination({ dest: file, sync: true, mkdir: true, maxLength: mostWaiting });
    destination.on('error', () => undefined);
    return destination;
  } catch {
    return null;
  }
}

/** One file before the present one is enough to look back. */
function setAside(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > largestFile) renameSync(file, `${file}.1`);
}

function detailText(detail: unknown): string {
  return typeof detail === 'string' ? detail : inspect(detail, { depth: 4, breakLength: 110 });
}
