import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { removeInside } from '../../electron/library/remove-inside.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

/** A library with a run, and another library of which it is a copy. */
function libraries(): { readonly own: string; readonly other: string } {
  const folder = temporaryFolder();
  const [own, other] = [join(folder, 'copy'), join(folder, 'original')];
  for (const library of [own, other]) {
    mkdirSync(join(library, 'runs', '7'), { recursive: true });
    writeFileSync(join(library, 'runs', '7', 'run.json'), '{}');
  }
  return { own, other };
}

test('a run in the library is deleted', async () => {
  const { own } = libraries();
  await removeInside(own, join(own, 'runs', '7'), { warn: () => undefined });
  expect(existsSync(join(own, 'runs', '7'))).toBe(false);
  expect(existsSync(join(own, 'runs'))).toBe(true);
});

test.each([
  ['of another library', ({ other }) => join(other, 'runs', '7')],
  ['that is a whole folder of the library', ({ own }) => join(own, 'runs')],
  ['that is the library', ({ own }) => own],
  [
    'behind a link that leads out of it',
    ({ own, other }) => {
      symlinkSync(join(other, 'runs'), join(own, 'linked'));
      return join(own, 'linked', '7');
    },
  ],
] as const satisfies readonly (readonly [string, (at: ReturnType<typeof libraries>) => string])[])(
  'what is noted as a run and is one %s stays, and is told',
  async (_, place) => {
    const at = libraries();
    const path = place(at);
    const told: string[] = [];
    await removeInside(at.own, path, { warn: (message) => told.push(message) });
    expect([existsSync(path), existsSync(join(at.other, 'runs', '7')), told.length]).toEqual([true, true, 1]);
  },
);
