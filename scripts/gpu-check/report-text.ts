import type { MachineFacts } from './machine.ts';
import type { CheckResult } from './supervise.ts';

export function machineLines(machine: Omit<MachineFacts, 'probes'>): readonly string[] {
  return [
    `${machine.system}, Node ${machine.node}, ONNX Runtime ${machine.onnxRuntime}`,
    `${machine.processor}, ${machine.cores} cores, ${machine.freeGib} of ${machine.memoryGib} GiB free`,
    ...machine.gpus.map(
      ({ name, driver, memoryMib, freeMib }) =>
        `${name}, driver ${driver}, ${Math.round(freeMib)} of ${Math.round(memoryMib)} MiB free`,
    ),
    ...machine.providers.map(
      ({ provider, available, reason }) => `${available ? '✓' : '–'} ${provider.padEnd(9)} ${reason}`,
    ),
    '',
  ];
}

/** What says the most of a check, in one line. */
const figures: Readonly<Record<string, (value: number) => string>> = {
  secondsPerStep: (value) => `${value.toFixed(3)} s a step`,
  stepsPerSecond: (value) => `${value.toFixed(2)} steps a second`,
  secondsPerPicture: (value) => `${value.toFixed(3)} s a picture`,
  peakDeviceMib: (value) => `${Math.round(value)} MiB of the device at most`,
};

export function line(result: CheckResult): string {
  const mark = result.ok === null ? '–' : result.ok ? '✓' : '✗';
  const told = Object.entries(figures).flatMap(([key, text]) => {
    const value = result[key];
    return typeof value === 'number' ? [text(value)] : [];
  });
  const words = result.skipped ?? (result.ok === false ? wrong(result) : told.join(', '));
  return `${mark} ${result.provider} ${result.name.padEnd(20)} ${result.seconds.toFixed(1).padStart(6)} s  ${words}`;
}

/** All it found, where something is wrong. */
function wrong({ name: _, provider: __, seconds: ___, ok: ____, ...details }: CheckResult): string {
  return JSON.stringify(details);
}
