import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { cutText, fileNameOf, slug } from '../../electron/library/file-name.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const family = '👨‍👩‍👧‍👦';

describe('a name of a person’s words', () => {
  test('has what every file system takes and a person recognizes', () => {
    expect(slug('Official 3D art of “Pikachu”, ⚡ type/electric')).toBe(
      'official-3d-art-of-pikachu-type-electric',
    );
    expect(slug('日本の狐')).toBe('日本の狐');
    expect(slug('…')).toBe('empty');
    expect(slug('a'.repeat(500))).toHaveLength(40);
    expect(fileNameOf('my: style?')).toBe('my- style');
    expect(fileNameOf('../..')).toBe('run');
    expect(fileNameOf('con')).toBe('con_');
    expect(fileNameOf('evil\u202egnp.exe')).toBe('evilgnp.exe');
  });

  test.each(['❤️', '👍🏽', family, '️️', '\u3164', '\u200d', ' \u2060 '])(
    'that is nothing but %j is not invisible',
    (prompt) => {
      expect(slug(prompt)).toBe('empty');
      expect(fileNameOf(prompt)).toMatch(/^(run|[^\s\p{M}\p{DI}].*)$/u);
    },
  );

  test('is cut by bytes, between characters as a person sees them', () => {
    expect(cutText(family.repeat(3), 2 * Buffer.byteLength(family) + 5)).toBe(family.repeat(2));
    expect(cutText('é'.normalize('NFD').repeat(4), 5)).toBe('é'.normalize('NFD'));
    expect(fileNameOf(family.repeat(90))).toBe(family.repeat(6));
    expect(fileNameOf('x'.repeat(500), ', epoch 12')).toBe(`${'x'.repeat(80)}, epoch 12`);
    expect(Buffer.byteLength(fileNameOf('狐'.repeat(80), ', epoch 12'))).toBeLessThanOrEqual(160);
    expect(fileNameOf('狐'.repeat(80), ', epoch 12')).toMatch(/^狐+, epoch 12$/);
  });

  test('can be written with all that comes on top, whatever the words', () => {
    const folder = temporaryFolder();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (words) => {
        for (const name of [fileNameOf(words), fileNameOf(words, ', epoch 1000'), slug(words)]) {
          const file = join(folder, `.${name}-epoch-10000.safetensors 12.partial-0123456789ab`);
          writeFileSync(file, '');
          expect(existsSync(file)).toBe(true);
          expect(name).toBe(name.normalize('NFC'));
        }
      }),
      { numRuns: 300 },
    );
  });
});
