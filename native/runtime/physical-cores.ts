import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Physical cores this process may use: two threads of one core share its arithmetic units, so more threads than that
 * only get into each other's way. 0, which leaves the choice to ONNX Runtime, where the system does not tell.
 */
export function physicalCores(): number {
  if (process.platform !== 'linux') return 0;
  try {
    return countCores(
      readFileSync('/proc/cpuinfo', 'utf8'),
      readFileSync('/proc/self/status', 'utf8'),
      availableParallelism(),
    );
  } catch {
    return 0;
  }
}

/**
 * Distinct cores among the processors that `/proc/self/status` allows, by `/proc/cpuinfo`; at most `limit`, the
 * share of the machine a container is given. `limit` where cpuinfo does not name cores.
 */
export function countCores(cpuinfo: string, status: string, limit: number): number {
  const allowed = cpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
  const cores = new Set<string>();
  for (const entry of cpuinfo.split('\n\n')) {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(entry)?.[1];
    const processor = field('processor');
    const core = field('core id');
    if (processor === undefined || core === undefined) continue;
    if (allowed.size > 0 && !allowed.has(Number(processor))) continue;
    cores.add(`${field('physical id') ?? ''}/${core}`);
  }
  return cores.size === 0 ? limit : Math.min(cores.size, limit);
}

/** `0-3,8` as its numbers. */
function cpuList(text: string): Set<number> {
  const numbers = new Set<number>();
  for (const range of text.split(',')) {
    const [first, last = first] = range.split('-').map(Number);
    for (let i = first!; i <= last!; i++) numbers.add(i);
  }
  return numbers;
}
