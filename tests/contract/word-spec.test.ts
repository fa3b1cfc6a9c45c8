import { describe, expect, test } from 'vitest';

import { validateRunSpec } from '../../electron/contract/parse-run-spec.ts';

const spec = (method: object, train: object = {}) =>
  validateRunSpec(
    { base: 'b', data: { folder: 'd' }, method: { kind: 'embedding', ...method }, train },
    'it',
  );

describe('a run file that teaches a word', () => {
  test('needs the word alone', () => {
    expect(spec({ word: '<wolf>' }).method).toEqual({
      ...{ kind: 'embedding', word: '<wolf>', vectors: 4, initWords: '', captions: 'object' },
    });
  });

  test('lets nothing draw its vectors to zero, and drops no caption, unless it is told to', () => {
    const decay = ({ train: { optimizer } }: ReturnType<typeof spec>) =>
      'weightDecay' in optimizer ? optimizer.weightDecay : null;
    const usual = spec({ word: 'mywolf' });
    expect([decay(usual), usual.train.captionDropout]).toEqual([0, 0]);
    const lion = spec({ word: 'mywolf' }, { optimizer: { kind: 'lion' } });
    expect([lion.train.optimizer.kind, decay(lion)]).toEqual(['lion', 0]);
    const chosen = spec({ word: 'mywolf' }, { weightDecay: 0.02, captionDropout: 0.2 });
    expect([decay(chosen), chosen.train.captionDropout]).toEqual([0.02, 0.2]);
    const named = spec({ word: 'mywolf' }, { optimizer: { kind: 'adamw', weightDecay: 0.02 } });
    expect(decay(named)).toBe(0.02);
    // Other methods have theirs as before.
    const full = validateRunSpec({ base: 'b', data: { folder: 'd' } }, 'it');
    expect([decay(full), full.train.captionDropout]).toEqual([0.01, 0.1]);
  });

  test.each(['', 'my wolf', 'wolf,', '(wolf)', 'wolf:1', '<>', 'BREAK', 'a'.repeat(65)])(
    'refuses “%s”, which prompts could not say',
    (word) => {
      expect(() => spec({ word })).toThrow('method.word');
    },
  );

  test('refuses more vectors than a prompt has room for', () => {
    expect(() => spec({ word: 'mywolf', vectors: 17 })).toThrow('method.vectors');
  });
});
