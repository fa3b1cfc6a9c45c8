import type { Log } from '../../electron/library/library.ts';

/** A log that keeps what it is told. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const say = (level: string) => (message: string) => {
    lines.push(`${level}: ${message}`);
  };
  return { lines, info: say('info'), warn: say('warn'), error: say('error') };
}
