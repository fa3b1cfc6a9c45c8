import { expect, test } from 'vitest';

import { countCores, physicalCores } from '../../native/runtime/physical-cores.ts';

/** `/proc/cpuinfo` of `packages` processors with `cores` cores each, `threads` to a core, numbered as Linux does. */
function cpuinfo(packages: number, cores: number, threads: number): string {
  const entries: string[] = [];
  for (let thread = 0; thread < threads; thread++) {
    for (let physical = 0; physical < packages; physical++) {
      for (let core = 0; core < cores; core++) {
        entries.push(
          `processor\t: ${entries.length}\nphysical id\t: ${physical}\ncore id\t\t: ${core}\nflags\t: fpu`,
        );
      }
    }
  }
  return entries.join('\n\n');
}

const allowed = (list: string): string => `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\n`;

test('two threads of one core count once', () => {
  expect(countCores(cpuinfo(1, 8, 2), allowed('0-15'), 16)).toBe(8);
});

test('cores of the same number in two packages are two', () => {
  expect(countCores(cpuinfo(2, 4, 2), allowed('0-15'), 16)).toBe(8);
});

test('only processors this process may run on count', () => {
  expect(countCores(cpuinfo(1, 8, 2), allowed('0-2,8'), 4)).toBe(3);
});

test("a container's share is the limit", () => {
  expect(countCores(cpuinfo(1, 64, 2), allowed('0-127'), 6)).toBe(6);
});

test('where cores are not named, the limit is the count', () => {
  expect(countCores('processor\t: 0\nBogoMIPS\t: 50.00\n', allowed('0-3'), 4)).toBe(4);
});

test('this machine has a number of cores, or leaves it to ONNX Runtime', () => {
  expect(physicalCores()).toBeGreaterThanOrEqual(process.platform === 'linux' ? 1 : 0);
});
