import { inspect } from 'node:util';

import { asFailure } from '../../native/files/as-failure.ts';
import { type ExitCode, exitCodes } from './commands/context.ts';
import { printable, printableJson, printableLine } from './printable.ts';
import type { GlobalOptions } from './program.ts';
import type { TerminalStreams } from './terminal.ts';
import { withTypedCommands } from './typed-command.ts';

/** Failures of what was typed, told apart for scripts. */
const usageCodes = new Set([
  'usage',
  'override-invalid',
  'run-spec-incomplete',
  'run-spec-invalid',
  'run-spec-syntax',
  'sweep-invalid',
]);

/** Says what went wrong and what to do about it; the stack only to who asked for it. Returns the exit code. */
export function reportFailure(
  error: unknown,
  { json, verbose }: GlobalOptions,
  streams: TerminalStreams,
): ExitCode {
  const failure = asFailure(error, 'fault', 'Run it again with --verbose and report what it prints.');
  const { code, message, hint } = failure;
  if (json) streams.out.write(`${printableJson({ error: { code, message, hint } })}\n`);
  streams.error.write(`${printableLine(message)}\n${printableLine(withTypedCommands(hint))}\n`);
  if (verbose) {
    const detail = typeof failure.cause === 'string' ? failure.cause : inspect(error);
    streams.error.write(`${printable(detail).replace(/^/gm, '  ')}\n`);
  }
  if (code === 'engine-killed') return exitCodes.interrupted;
  return usageCodes.has(code) ? exitCodes.usage : exitCodes.failure;
}
