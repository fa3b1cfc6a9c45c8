import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

/** A command that is run while something else is, and what came of it. */
export interface Command {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

export interface CommandEnd {
  readonly name: string;
  readonly passed: boolean;
  /** What it wrote, or why it could not be started. */
  readonly output: string;
}

/**
 * Runs commands one after the other, each to its end whatever became of the one before, in what time whatever else is
 * under way leaves of the processor. What they write is kept, so that it stands in one piece wherever it is shown.
 */
export async function runBeside(
  commands: readonly Command[],
  onEnd: (end: CommandEnd) => void,
): Promise<readonly CommandEnd[]> {
  const ends: CommandEnd[] = [];
  for (const command of commands) {
    const end = await endOf(command);
    ends.push(end);
    onEnd(end);
  }
  return ends;
}

function endOf({ name, program, args }: Command): Promise<CommandEnd> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return new Promise((resolve) => {
    child.on('error', ({ message }) => {
      resolve({ name, passed: false, output: message });
    });
    child.on('close', (code) => {
      resolve({ name, passed: code === 0, output: output.trimEnd() });
    });
  });
}
