import { expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';

test('a failure stays the failure it is', () => {
  const failure = new Failure('run-busy', 'The run is being trained.', 'Wait for it.');
  expect(asFailure(failure, 'fault')).toBe(failure);
});

test('a disk that is full is said to be', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(asFailure(error, 'run-fault')).toMatchObject({ code: 'disk-full', cause: error });
});

test('anything else is a fault of the program, with what was thrown as its cause', () => {
  const error = new TypeError('x is not a function');
  const failure = asFailure(error, 'run-fault');
  expect(failure).toMatchObject({ code: 'run-fault', cause: error });
  expect(failure.message).toContain('x is not a function');
  expect(asFailure('a text', 'fault').message).toContain('a text');
});
