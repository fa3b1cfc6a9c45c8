import { describe, expect, test } from 'vitest';

import { fieldsIn, insertField } from '../../../../renderer/features/captions/template-text.ts';

describe('a field', () => {
  test('goes where the cursor is, apart from the word before', () => {
    expect(insertField('a photo of', { start: 10, end: 10 }, 'name')).toEqual({
      text: 'a photo of ${name}',
      cursor: 18,
    });
    expect(insertField('', { start: 0, end: 0 }, 'name').text).toBe('${name}');
  });

  test('takes the place of what is selected', () => {
    expect(insertField('a photo of a cat, old', { start: 11, end: 16 }, 'name').text).toBe(
      'a photo of ${name}, old',
    );
  });
});

test('a template names its fields once each', () => {
  expect(fieldsIn('${name}, ${ type }, ${name} and ${')).toEqual(['name', 'type']);
});
