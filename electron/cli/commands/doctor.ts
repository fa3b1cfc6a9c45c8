import { availableParallelism, cpus } from 'node:os';

import type { DeviceReport, DoctorResult } from '../../../native/jobs.ts';
import { mainMemory } from '../../../native/runtime/main-memory.ts';
import { providerLabels } from '../../../native/runtime/runtime.ts';
import { bytesText, cardMemoryText, countOf, countText, memoryText } from '../../contract/quantities.ts';
import { freeOn } from '../../library/free-disk.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';

/** What the engine cannot see: the machine around it. */
interface Surroundings {
  readonly software: string;
  readonly system: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  readonly library: string;
  /** Null where its disk does not tell. */
  readonly freeDiskBytes: number | null;
}

/** Says what Screenfold finds on this machine; a failure where it can train nowhere. */
export async function doctorCommand(context: CommandContext, library: string): Promise<ExitCode> {
  const { engine, terminal, software } = context;
  const machine = await lookAround(software, library);
  const result = await engine.run({ kind: 'doctor' }, { onLog: terminal.log });
  const device = result.devices.find(({ provider }) => provider === result.trainsOn);
  terminal.object({ ...machine, ...result });
  for (const text of [...machineLines(machine), ...gpuLines(result), ...deviceLines(result)]) {
    terminal.line(text);
  }
  terminal.line('');
  terminal.line(
    device === undefined
      ? 'Screenfold cannot train on this machine: nothing listed above can compute.'
      : `Screenfold trains here, on ${labelOf(device)}.`,
  );
  return device === undefined ? exitCodes.failure : exitCodes.ok;
}

async function lookAround(software: string, library: string): Promise<Surroundings> {
  return {
    software,
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: mainMemory(),
    freeMemoryBytes: process.availableMemory(),
    library,
    freeDiskBytes: await freeOn(library).catch(() => null),
  };
}

function machineLines(machine: Surroundings): readonly string[] {
  const { freeDiskBytes, library } = machine;
  const disk = freeDiskBytes === null ? 'free space unknown' : `${bytesText(freeDiskBytes)} free`;
  return [
    `${machine.software} on ${machine.system}, Node ${machine.node.slice(1)}`,
    `Processor  ${machine.processor}, ${countOf(machine.cores, 'core')}`,
    `Memory     ${memoryText(machine.memoryBytes)}, ${memoryText(machine.freeMemoryBytes)} free`,
    `Library    ${library}: ${disk}`,
  ];
}

function gpuLines({ gpus }: DoctorResult): readonly string[] {
  return gpus.map(({ name, driver, memoryMib, freeMib, temperature }) => {
    const memory = `${cardMemoryText(memoryMib)}, ${cardMemoryText(freeMib)} free`;
    const warmth = temperature === null ? '' : `, ${temperature} °C`;
    return `GPU        ${name}, driver ${driver}, ${memory}${warmth}`;
  });
}

function deviceLines({ devices, onnxRuntime }: DoctorResult): readonly string[] {
  const version = onnxRuntime === null ? 'ONNX Runtime does not load.' : `ONNX Runtime ${onnxRuntime}.`;
  return ['', `What it can compute on, best first, by ${version}`, ...devices.flatMap(deviceText)];
}

function deviceText(device: DeviceReport): readonly string[] {
  const { reason, rate, problem } = device;
  const label = labelOf(device).padEnd(9);
  if (rate === null)
    return [`  – ${label} ${problem === null ? reason : `It is there but does not work: ${problem}`}`];
  return [`  ✓ ${label} ${reason}`, `    ${''.padEnd(9)} ${rateText(rate)}`];
}

const labelOf = ({ provider }: DeviceReport): string => providerLabels[provider];

/** Billions of operations a second, as people read them. */
function rateText(rate: number): string {
  const text = rate >= 10 ? countText(Math.round(rate)) : rate.toFixed(1);
  return `It multiplies matrices with ${text} billion operations a second.`;
}
