import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

/** An NVIDIA GPU as its driver's own tool tells of it. Memory is in MiB. */
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

const run = promisify(execFile);
const timeout = 20_000;

/** Under WSL the tool lies beside the driver, off the path. */
const commands: readonly string[] =
  process.platform === 'linux' ? ['nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi'] : ['nvidia-smi'];

/** The machine's NVIDIA GPUs; none without a driver. */
export async function nvidiaGpus(): Promise<readonly NvidiaGpu[]> {
  for (const command of commands) {
    try {
      const { stdout } = await run(
        command,
        [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'],
        {
          timeout,
        },
      );
      return parseGpus(stdout);
    } catch {
      // The next place, or none.
    }
  }
  return [];
}

/** MiB in use on all GPUs together; null without a driver. Blocks. */
export function usedGpuMemory(): number | null {
  for (const command of commands) {
    try {
      const text = execFileSync(command, ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], {
        timeout,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return sumOfLines(text);
    } catch {
      // The next place, or none.
    }
  }
  return null;
}

/** The tool's answer, a line a GPU; lines that are none are left out. */
export function parseGpus(text: string): readonly NvidiaGpu[] {
  return text.split('\n').flatMap((line): NvidiaGpu[] => {
    const parts = line.split(',').map((part) => part.trim());
    if (parts.length !== fields.length) return [];
    const [name, driver, capability, total, free, utilization, temperature, busId] = parts as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const memoryMib = Number(total);
    if (!Number.isFinite(memoryMib)) return [];
    return [
      {
        name,
        driver,
        computeCapability: /^\d+\.\d+$/.test(capability) ? capability : null,
        memoryMib,
        freeMib: Number(free),
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
