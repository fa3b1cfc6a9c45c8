import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What ONNX Runtime's profile says of the nodes of a session. */
export interface Placement {
  /** Runs of nodes by the provider that ran them. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Operators that the processor ran, by how often. */
  readonly onCpu: Readonly<Record<string, number>>;
  /** Copies between device and host. */
  readonly copies: number;
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** The placement in all profiles that begin with this path. */
export async function readPlacement(prefix: string): Promise<Placement> {
  const folder = dirname(prefix);
  const files = (await readdir(folder)).filter((name) => name.startsWith(basename(prefix)));
  const events = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as ProfileEvent[]),
  );
  return placementOf(events.flat());
}

export function placementOf(events: readonly ProfileEvent[]): Placement {
  const nodes: Record<string, number> = {};
  const onCpu: Record<string, number> = {};
  let copies = 0;
  for (const { cat, name = '', args = {} } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const { op_name: operator = 'unknown', provider = 'unknown' } = args;
    if (/^Memcpy(FromHost|ToHost)$/.test(operator)) {
      copies++;
      continue;
    }
    nodes[provider] = (nodes[provider] ?? 0) + 1;
    if (provider === 'CPUExecutionProvider') onCpu[operator] = (onCpu[operator] ?? 0) + 1;
  }
  return { nodes, onCpu, copies };
}
