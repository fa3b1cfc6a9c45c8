/**
 * Ends a child process at once, if it was ever started. Of one that was not, Node knows it only a moment later, and until then
 * sends the signal to whatever number lies in its memory: 0 is the whole group that this process is in.
 */
export function killProcess(child: {
  readonly pid?: number | undefined;
  kill(signal: 'SIGKILL'): unknown;
}): void {
  if (child.pid !== undefined) child.kill('SIGKILL');
}
