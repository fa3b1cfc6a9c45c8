import type { OutputOf } from '../../../electron/contract/api.ts';

export type LogLine = OutputOf<'system.log'>[number];

/** From the least to the most serious. */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Lines of this level or a more serious one; a level nobody knows counts as serious. */
export function linesFrom(lines: readonly LogLine[], level: (typeof levels)[number]): readonly LogLine[] {
  const least = levels.indexOf(level);
  return lines.filter((line) => {
    const at = (levels as readonly string[]).indexOf(line.level);
    return at === -1 || at >= least;
  });
}

/** As it is copied, one line each: `2026-11-25T03:14:07.000Z warn message`. */
export function logText(lines: readonly LogLine[]): string {
  return lines
    .map(({ time, level, message }) => `${new Date(time).toISOString()} ${level} ${message}`)
    .join('\n');
}
