import { expect, test } from 'vitest';

import { failureText } from '../../native/facts/failure-text.ts';

test('what went wrong ends before what to do begins', () => {
  expect(failureText({ message: 'It has no config.json', hint: 'Copy it again.' })).toBe(
    'It has no config.json. Copy it again.',
  );
  expect(failureText({ message: 'It is gone.', hint: 'Put it back.' })).toBe('It is gone. Put it back.');
});
