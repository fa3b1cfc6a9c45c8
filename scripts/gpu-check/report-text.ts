import type { MachineFacts } from './machine.ts';
import { type CheckResult, noTime } from './supervise.ts';

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
  return `${mark} ${result.provider} ${result.name.padEnd(28)} ${result.seconds.toFixed(1).padStart(6)} s  ${words}`;
}

/** All it found, where something is wrong: in words as far as it has them. */
function wrong({ name: _, provider: __, seconds: ___, ok: ____, error, ...details }: CheckResult): string {
  const rest = Object.keys(details).length === 0 ? [] : [JSON.stringify(details)];
  return [...(error === undefined ? [] : [error]), ...rest].join('  ');
}

/** What to make of all of it. */
export function ending(results: readonly CheckResult[]): readonly string[] {
  const named = (some: readonly CheckResult[]): string =>
    some.map(({ name, provider }) => `${provider} ${name}`).join(', ');
  const wrong = results.filter(({ ok }) => ok === false);
  const left = results.filter(({ skipped }) => skipped === noTime);
  const verdict =
    wrong.length > 0
      ? `Wrong: ${named(wrong)}.`
      : results.some(({ ok }) => ok === true)
        ? 'Nothing is wrong.'
        : 'Nothing was checked.';
  if (left.length === 0) return [verdict];
  return [
    verdict,
    `No time was left for ${named(left)}; --only with their names makes them, or more --seconds.`,
  ];
}
