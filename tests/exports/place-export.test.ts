import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { endOfInterrupted } from '../../electron/exports/interrupted-export.ts';
import { placeWhole } from '../../electron/exports/place-export.ts';
import { partialOf, takePartial } from '../../electron/library/partial-folder.ts';
import { Failure } from '../../native/failure.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

let folder: string;
let output: string;
beforeEach(() => {
  folder = temporaryFolder();
  output = join(folder, 'fox.safetensors');
});

/** A model with its card and picture. */
function writeAll(inside: string, what: string): Promise<void> {
  writeFileSync(inside, what);
  writeFileSync(join(dirname(inside), 'fox.md'), `card of ${what}`);
  writeFileSync(join(dirname(inside), 'fox.proof.png'), `picture of ${what}`);
  return Promise.resolve();
}

/** What a killed export of `output` leaves. */
async function killed(output: string): Promise<string> {
  const held = await takePartial(output);
  held!.release();
  return held!.path;
}

describe('an export comes to its place whole', () => {
  test('with what lies beside it, and nothing else is left', async () => {
    await placeWhole(output, (inside) => writeAll(inside, 'one'));
    expect(readdirSync(folder).sort()).toEqual(['fox.md', 'fox.proof.png', 'fox.safetensors']);
    expect(readFileSync(join(folder, 'fox.md'), 'utf8')).toBe('card of one');
  });

  test('by one writer: another is refused while that one writes', async () => {
    let release: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    const first = placeWhole(output, async (inside) => {
      await writeAll(inside, 'one');
      await waiting;
    });
    await expect.poll(() => readdirSync(partialOf(output)).length).toBeGreaterThan(3);
    await expect(placeWhole(output, (inside) => writeAll(inside, 'two'))).rejects.toMatchObject({
      code: 'output-busy',
    });
    release();
    await first;
    expect(readFileSync(output, 'utf8')).toBe('one');
    expect(readFileSync(join(folder, 'fox.md'), 'utf8')).toBe('card of one');
  });

  test.each(['fox.safetensors', 'fox.md', 'fox.proof.png'])(
    'or not at all, where somebody else’s %s came meanwhile, which stays',
    async (name) => {
      const writing = placeWhole(output, async (inside) => {
        await writeAll(inside, 'one');
        writeFileSync(join(folder, name), 'precious');
      });
      await expect(writing).rejects.toMatchObject({ code: 'output-exists' });
      expect(readdirSync(folder)).toEqual([name]);
      expect(readFileSync(join(folder, name), 'utf8')).toBe('precious');
    },
  );

  test('or not at all, where a folder came meanwhile', async () => {
    const place = join(folder, 'fox');
    const writing = placeWhole(place, (inside) => {
      mkdirSync(inside);
      mkdirSync(place);
      writeFileSync(join(place, 'mine'), 'precious');
      return Promise.resolve();
    });
    await expect(writing).rejects.toMatchObject({ code: 'output-exists' });
    expect(readdirSync(folder)).toEqual(['fox']);
    expect(readdirSync(place)).toEqual(['mine']);
  });

  test('over what a killed writer left out of sight', async () => {
    writeFileSync(join(await killed(output), 'half'), '');
    await placeWhole(output, (inside) => writeAll(inside, 'one'));
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test('and clears what killed exports of other names left, not what is under way', async () => {
    mkdirSync(join(folder, '.notes.partial'));
    for (const name of ['wolf', 'busy']) await killed(join(folder, `${name}.safetensors`));
    const release = lockFile(join(folder, '.busy.safetensors.partial', '.lock'))!;
    await placeWhole(output, (inside) => writeAll(inside, 'one'));
    release();
    expect(
      readdirSync(folder)
        .filter((name) => name.endsWith('.partial'))
        .sort(),
    ).toEqual(['.busy.safetensors.partial', '.notes.partial']);
  });

  test.each([[''], ['somebody’s text']])(
    'past a folder of somebody else’s, of its own name or another, with a `.lock` of %j',
    async (lock) => {
      const others = [partialOf(output), join(folder, '.backup.partial')];
      for (const other of others) {
        mkdirSync(other);
        writeFileSync(join(other, '.lock'), lock);
        writeFileSync(join(other, 'diary'), 'precious');
      }
      await placeWhole(output, (inside) => writeAll(inside, 'one'));
      expect(readFileSync(output, 'utf8')).toBe('one');
      expect(readdirSync(folder)).toHaveLength(5);
      for (const other of others) {
        expect(readdirSync(other)).toEqual(['.lock', 'diary']);
        expect(readFileSync(join(other, '.lock'), 'utf8')).toBe(lock);
      }
    },
  );

  test('past a marked folder whose lock is none, and past a link to a marked one', async () => {
    const odd = await killed(join(folder, 'odd'));
    writeFileSync(join(odd, '.lock'), 'somebody’s text, long enough not to pass for an empty database');
    writeFileSync(join(odd, 'diary'), 'precious');
    const elsewhere = await killed(join(temporaryFolder(), 'fox'));
    symlinkSync(elsewhere, partialOf(output), 'junction');
    writeFileSync(join(elsewhere, 'diary'), 'precious');
    await placeWhole(output, (inside) => writeAll(inside, 'one'));
    expect(existsSync(join(odd, 'diary'))).toBe(true);
    expect(existsSync(join(partialOf(output), 'diary'))).toBe(true);
  });

  test('and one that is under way beside somebody’s folder is found busy, and cleared when it was killed', async () => {
    mkdirSync(partialOf(output));
    const held = await takePartial(output);
    expect(held!.path).toBe(`${partialOf(output)}-2`);
    await expect(placeWhole(output, (inside) => writeAll(inside, 'two'))).rejects.toMatchObject({
      code: 'output-busy',
    });
    held!.release();
    await placeWhole(join(folder, 'wolf.safetensors'), (inside) => writeAll(inside, 'one'));
    expect(readdirSync(folder).filter((name) => name.includes('.partial'))).toEqual([
      '.fox.safetensors.partial',
    ]);
  });

  test('and failures tell of that place', async () => {
    const failing = placeWhole(output, (inside) =>
      Promise.reject(new Failure('x', `${inside} cannot be written.`, 'Hint.')),
    );
    await expect(failing).rejects.toMatchObject({ code: 'x', message: `${output} cannot be written.` });
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('what an interrupted export left goes, and a folder of somebody else’s that has its name stays', async () => {
  mkdirSync(partialOf(output));
  writeFileSync(join(partialOf(output), 'diary'), 'precious');
  const left = await killed(output);
  writeFileSync(join(left, 'fox.safetensors'), 'half');
  const other = `${output}.partial-0123456789ab`;
  mkdirSync(other);
  writeFileSync(join(other, 'diary'), 'precious');
  endOfInterrupted(output);
  expect([existsSync(left), existsSync(join(partialOf(output), 'diary'))]).toEqual([false, true]);
  expect(existsSync(join(other, 'diary'))).toBe(true);
});

test('what was put beside a model that did not follow before a kill goes, and what is another’s stays', async () => {
  const partial = partialOf(output);
  mkdirSync(partial);
  await writeAll(join(partial, 'fox.safetensors'), 'one');
  linkSync(join(partial, 'fox.md'), join(folder, 'fox.md'));
  writeFileSync(join(folder, 'fox.proof.png'), 'mine');
  expect(endOfInterrupted(output)).toMatchObject({ failure: { code: 'export-interrupted' } });
  expect(readdirSync(folder)).toEqual(['fox.proof.png']);
});
