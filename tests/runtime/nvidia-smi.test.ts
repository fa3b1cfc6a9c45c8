import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { nvidiaGpus, parseGpus, usedGpuMemory } from '../../native/runtime/nvidia-smi.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const card = 'NVIDIA H100 80GB HBM3, 580.159.04, 9.0, 81559, 81001, 3, 31, 00000000:04:00.0';

describe("what NVIDIA's tool says", () => {
  test('is read a line a GPU', () => {
    const text =
      'NVIDIA H100 80GB HBM3, 580.159.04, 9.0, 81559, 81001, 3, 31, 00000000:04:00.0\n' +
      'NVIDIA GeForce GTX 1060, 580.159.04, [N/A], 6144, 5000, [N/A], [Not Supported], 00000000:05:00.0\n';
    expect(parseGpus(text)).toEqual([
      {
        name: 'NVIDIA H100 80GB HBM3',
        driver: '580.159.04',
        computeCapability: '9.0',
        memoryMib: 81559,
        freeMib: 81001,
        utilization: 3,
        temperature: 31,
        busId: '00000000:04:00.0',
      },
      {
        name: 'NVIDIA GeForce GTX 1060',
        driver: '580.159.04',
        computeCapability: null,
        memoryMib: 6144,
        freeMib: 5000,
        utilization: null,
        temperature: null,
        busId: '00000000:05:00.0',
      },
    ]);
  });

  test('is no GPU where the driver does not answer', () => {
    expect(parseGpus('No devices were found\n')).toEqual([]);
    expect(parseGpus('')).toEqual([]);
  });

  test('is read to its end on Windows, and with a comma in a name', () => {
    const named = card.replace('HBM3', 'HBM3, PCIe');
    expect(parseGpus(`${named}\r\n`)).toEqual([
      { ...parseGpus(card)[0], name: 'NVIDIA H100 80GB HBM3, PCIe' },
    ]);
  });

  test.each(['[N/A]', '[Not Supported]', '[Insufficient Permissions]', '[Unknown Error]', '', '-1', '1e999'])(
    'keeps the place of a GPU that says %j of its memory, for CUDA counts it too',
    (unsaid) => {
      const silent = card.replace('81559, 81001', `${unsaid}, ${unsaid}`);
      const [first, second] = parseGpus(`${silent}\n${card}\n`);
      expect(first).toMatchObject({ memoryMib: 0, freeMib: 0 });
      expect(second).toMatchObject({ memoryMib: 81559, freeMib: 81001 });
      expect(parseGpus(card.replace('81001', unsaid))).toMatchObject([{ memoryMib: 81559, freeMib: 0 }]);
    },
  );

  test.each([
    'Unable to determine the device handle for GPU1: 0000:05:00.0: Unknown Error',
    'WARNING: infoROM is corrupted at gpu 0000:05:00.0',
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver, and so, on, and on, and on, 1",
    ',,,,,,,',
    '  MIG 1g.10gb     Device  0: (UUID: MIG-8f1e)',
  ])('is no GPU where it is a word of the driver’s: %s', (words) => {
    expect(parseGpus(`${words}\n${card}\n`)).toEqual(parseGpus(card));
  });
});

// The stand-in for the driver's tool is a script of the shell's.
describe.skipIf(process.platform === 'win32')('the tool', () => {
  function tool(script: string): string {
    const file = join(temporaryFolder(), 'nvidia-smi');
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return file;
  }
  const absent = '/nowhere/nvidia-smi';

  test('that warns and ends badly is believed all the same', async () => {
    const warning = tool(`echo "${card}"; echo "WARNING: infoROM is corrupted"; exit 14`);
    expect(await nvidiaGpus({ commands: [absent, warning] })).toEqual(parseGpus(card));
  });

  test.each([
    ['that is missing', () => absent],
    ['that cannot reach its driver', () => tool('echo "NVIDIA-SMI has failed"; exit 9')],
    ['that writes without end', () => tool('yes "NVIDIA-SMI is unwell"')],
    ['that is no program', () => tool('').replace('/nvidia-smi', '')],
  ])('%s tells of no GPU', async (_, command) => {
    expect(await nvidiaGpus({ commands: [command()] })).toEqual([]);
    expect(usedGpuMemory({ commands: [command()] })).toBeNull();
  });

  test('that hangs and does not end when it is asked to is given up, and no other is tried', async () => {
    const folder = temporaryFolder();
    const pid = join(folder, 'pid');
    const hanging = tool(`trap '' TERM; echo $$ > '${pid}'; echo "${card}"; exec sleep 900`);
    const other = tool(`echo "${card}"`);
    expect(await nvidiaGpus({ commands: [hanging, other], timeout: 1000 })).toEqual([]);
    expect(usedGpuMemory({ commands: [hanging, other], timeout: 1000 })).toBeNull();
    const left = spawnSync('sh', ['-c', `kill -0 $(cat '${pid}')`]);
    expect(left.status).not.toBe(0);
  });
});
