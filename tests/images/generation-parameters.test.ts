import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { samplers } from '../../native/facts/samplers.ts';
import { formatParameters, parseParameters } from '../../native/images/generation-parameters.ts';

const picture = {
  prompt: 'official 3d art of fox, animal',
  negativePrompt: 'blurry',
  seed: 42,
  sampler: 'euler-ancestral',
  steps: 20,
  guidanceScale: 7.5,
  width: 512,
  height: 768,
} as const;

describe('formatParameters', () => {
  test("writes the web UI's three parts", () => {
    expect(formatParameters(picture, 'foxes')).toBe(
      'official 3d art of fox, animal\nNegative prompt: blurry\n' +
        'Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 512x768, Model: foxes',
    );
  });

  test('leaves the second line out where there is no negative prompt, and quotes where a value needs it', () => {
    expect(formatParameters({ ...picture, negativePrompt: '' }, 'a, b: "c"', { Epoch: '15' })).toBe(
      'official 3d art of fox, animal\n' +
        'Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 512x768, Model: "a, b: \\"c\\"", Epoch: 15',
    );
  });
});

describe('parseParameters', () => {
  test('gives back whatever was formatted', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n\u2028\u2029]/.test(text));
    const prompt = line.map((text) => text.trim()).filter((text) => !text.startsWith('Negative prompt:'));
    fc.assert(
      fc.property(
        fc.record({
          prompt,
          negativePrompt: line.map((text) => text.trim()),
          seed: fc.nat(),
          sampler: fc.constantFrom(...samplers),
          steps: fc.integer({ min: 1, max: 1000 }),
          guidanceScale: fc.double({ min: 0, max: 30, noNaN: true }),
          width: fc.integer({ min: 8, max: 2048 }),
          height: fc.integer({ min: 8, max: 2048 }),
        }),
        fc.string({ minLength: 1 }).map((text) => text.trim() || 'm'),
        (made, model) => {
          const { fields, ...parsed } = parseParameters(formatParameters(made, model));
          expect(parsed).toEqual({ ...made, model });
          expect(fields.Model).toBe(model);
        },
      ),
    );
  });

  test('reads the older form, in which the schedule is part of the name', () => {
    const text =
      'masterpiece, a castle,\n(detailed:1.2)\nNegative prompt: lowres,\nbad anatomy\n' +
      'Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 3077310211, Size: 512x512, ' +
      'Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Lora hashes: "fox: 4d2a, owl: 88bc", Version: v1.6.0';
    const parsed = parseParameters(text);
    expect(parsed).toMatchObject({
      prompt: 'masterpiece, a castle,\n(detailed:1.2)',
      negativePrompt: 'lowres,\nbad anatomy',
      sampler: 'dpm++-2m-karras',
      steps: 28,
      seed: 3077310211,
      width: 512,
      height: 512,
      model: 'v1-5-pruned-emaonly',
    });
    expect(parsed.fields['Lora hashes']).toBe('fox: 4d2a, owl: 88bc');
  });

  test('takes a text without the last line as a prompt, and names no sampler it does not have', () => {
    expect(parseParameters('a fox: red, quick: very')).toMatchObject({
      prompt: 'a fox: red, quick: very',
      steps: null,
      model: null,
    });
    const other = parseParameters('a fox\nSteps: 4, Sampler: LCM, CFG scale: 1');
    expect(other.sampler).toBeNull();
    expect(other.fields.Sampler).toBe('LCM');
  });
});
