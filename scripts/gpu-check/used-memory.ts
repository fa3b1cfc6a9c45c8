import { type ChildProcess, spawn } from 'node:child_process';

/** Follows how much of the GPUs' memory is in use, as their driver's tool tells it ten times a second. */
export interface UsedMemory {
  /** The most since this was last asked, in MiB; null where nothing tells. */
  most(): number | null;
  end(): void;
}

export function followUsedMemory(command = 'nvidia-smi'): UsedMemory {
  const args = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-lms', '100'];
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let [most, last, rest]: [number | null, number | null, string] = [null, null, ''];
  child.on('error', () => undefined);
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const used = Number(line);
      if (line.trim() === '' || !Number.isFinite(used)) continue;
      last = used;
      most = Math.max(most ?? 0, used);
    }
  });
  return {
    most: () => {
      const found = most;
      most = last;
      return found;
    },
    end: () => {
      child.kill();
    },
  };
}
