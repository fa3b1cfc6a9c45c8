import { spawnSync } from 'node:child_process';

import { outputOf } from './program-output.ts';

/** An NVIDIA GPU as its driver's own tool tells of it. Memory is in MiB, 0 where it does not say. */
export interface NvidiaGpu {
  readonly name: string;
  readonly driver: string;
  /** `9.0`; null where an old driver does not say. */
  readonly computeCapability: string | null;
  readonly memoryMib: number;
  readonly freeMib: number;
  /** Percent of the last moment in which something ran; null where it does not say. */
  readonly utilization: number | null;
  /** Degrees Celsius. */
  readonly temperature: number | null;
  readonly busId: string;
}

const fields = [
  'name',
  'driver_version',
  'compute_cap',
  'memory.total',
  'memory.free',
  'utilization.gpu',
  'temperature.gpu',
  'pci.bus_id',
] as const;

export interface ToolChoice {
  /** Where the tool may be, in the order in which it is tried. */
  readonly commands?: readonly string[];
  /** Milliseconds after which it is given up. */
  readonly timeout?: number;
}

/** Under WSL the tool lies beside the driver, off the path. */
const usualCommands: readonly string[] =
  process.platform === 'linux' ? ['nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi'] : ['nvidia-smi'];
const usualTimeout = 20_000;

const formatted = (names: string): readonly string[] => [
  `--query-gpu=${names}`,
  '--format=csv,noheader,nounits',
];

/** The machine's NVIDIA GPUs; none without a driver, or where it does not answer in time. */
export async function nvidiaGpus({
  commands = usualCommands,
  timeout = usualTimeout,
}: ToolChoice = {}): Promise<readonly NvidiaGpu[]> {
  for (const command of commands) {
    const { printed, timedOut } = await outputOf(command, formatted(fields.join(',')), timeout);
    // A driver that hangs would let any other wait as long.
    if (timedOut) return [];
    const gpus = parseGpus(printed);
    if (gpus.length > 0) return gpus;
  }
  return [];
}

/** MiB in use on all GPUs together; null without a driver. Blocks. */
export function usedGpuMemory({ commands = usualCommands, timeout = usualTimeout }: ToolChoice = {}):
  number | null {
  for (const command of commands) {
    const { stdout, error } = spawnSync(command, formatted('memory.used'), {
      timeout,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (error === undefined) return sumOfLines(stdout);
    if ('code' in error && error.code === 'ETIMEDOUT') return null;
  }
  return null;
}

/**
 * The tool's answer, a line a GPU; lines that are none are left out. One that does not say how much memory it has is there
 * all the same, with none: CUDA counts it too.
 */
export function parseGpus(text: string): readonly NvidiaGpu[] {
  return text.split('\n').flatMap((line): NvidiaGpu[] => {
    const parts = line.split(',').map((part) => part.trim());
    // A name may have commas.
    const name = parts.slice(0, 1 - fields.length).join(', ');
    const [
      driver = '',
      capability = '',
      total = '',
      free = '',
      utilization = '',
      temperature = '',
      busId = '',
    ] = parts.slice(1 - fields.length);
    if (parts.length < fields.length || name === '' || busId === '' || !/^\d/.test(driver)) return [];
    return [
      {
        name,
        driver,
        computeCapability: /^\d+\.\d+$/.test(capability) ? capability : null,
        memoryMib: Math.max(0, numberOrNull(total) ?? 0),
        freeMib: Math.max(0, numberOrNull(free) ?? 0),
        utilization: numberOrNull(utilization),
        temperature: numberOrNull(temperature),
        busId,
      },
    ];
  });
}

/** `[N/A]` and its like are no number. */
function numberOrNull(text: string): number | null {
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : null;
}

function sumOfLines(text: string): number | null {
  const numbers = text.trim().split('\n').map(Number);
  return numbers.every(Number.isFinite) && text.trim() !== ''
    ? numbers.reduce((sum, one) => sum + one, 0)
    : null;
}
