import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { printable, printableJson, printableLine } from '../../electron/cli/printable.ts';
import { createRun } from '../../electron/runs/run-folder.ts';
import { Failure } from '../../native/failure.ts';
import { exampleRun } from '../runs/example-run.ts';
import { screenfold, studio } from './typed.ts';

/** Clears the screen, renames the window, and passes for words of Screenfold's own. */
const evil = 'a\u001b[2J\u001b]0;x\u0007\u009b31m\u202e\rb\nFinished: all is well';

/** Nothing a terminal obeys, and no line of the name's own. */
function isHarmless(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- these are what it is about
  return !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(text) && !/^Finished/m.test(text);
}

describe('what is printed', () => {
  test('has no sign that a terminal obeys, and no line that a name made', () => {
    expect(printableLine(evil)).toBe(
      'a\\u001b[2J\\u001b]0;x\\u0007\\u009b31m\\u202e\\rb\\nFinished: all is well',
    );
    expect(printableLine('It has faults:\n  one\n  two')).toBe('It has faults:\n  one\n  two');
    expect(printable('a\n\tb 狐 👍🏽')).toBe('a\n\tb 狐 👍🏽');
    expect(JSON.parse(printableJson({ [evil]: evil }))).toEqual({ [evil]: evil });
    expect(isHarmless(printableJson({ [evil]: evil }))).toBe(true);
  });

  test.skipIf(process.platform === 'win32')('of images, captions, folders and failures', async () => {
    const folder = studio();
    writeFileSync(join(folder, 'images', `${evil}.png`), 'no picture');
    writeFileSync(join(folder, 'images', `${evil} 2.png`), 'no picture');
    mkdirSync(join(folder, evil));
    const plan = await screenfold(folder, ['train', 'foxes.json', '--dry-run', '--caption', evil]);
    expect(plan.code).toBe(0);
    expect(plan.out).toContain('\\u001b[2J');
    const run = exampleRun(join(folder, 'runs', evil));
    await createRun({ ...run, spec: { ...run.spec, name: evil } });
    const described = await screenfold(folder, ['info', join('runs', evil)]);
    expect(described.code).toBe(0);
    const ends = [
      plan,
      described,
      await screenfold(folder, ['info', join('runs', evil), '--json']),
      await screenfold(folder, ['resume', evil]),
      await screenfold(folder, ['train', '--base', evil, '--data', evil]),
      await screenfold(folder, ['train', '--verbose', '--base', 'base', '--data', evil]),
      await screenfold(folder, [evil]),
      await screenfold(folder, ['info'], {
        run: () => Promise.reject(new Failure('x', `${evil} is wrong.`, `Rename ${evil}.`)),
      }),
    ];
    for (const { out, error } of ends) {
      expect([isHarmless(out + error), out + error]).toEqual([true, out + error]);
    }
    // Lines that were typed are the typist's own.
    const { error } = await screenfold(folder, ['train', `--${evil}`]);
    expect(isHarmless(error.replaceAll('\n', ' '))).toBe(true);
  });
});
