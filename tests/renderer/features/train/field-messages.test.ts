import { describe, expect, test } from 'vitest';

import { usualSettings } from '../../../../electron/contract/optimizer-spec.ts';
import { fieldMessages, messageAt } from '../../../../renderer/features/train/field-messages.ts';
import { type Edits, requestOf } from '../../../../renderer/features/train/request-draft.ts';
import { exampleRequest } from '../../example-run.ts';

const messagesWith = (edits: Edits) => fieldMessages(requestOf(exampleRequest, edits));

describe('messages at the fields', () => {
  test('are none where the request can be sent', () => {
    expect(messagesWith({}).size).toBe(0);
  });

  test.each([
    ['name', { name: '  ' }, 'Enter a name'],
    ['captionSetIds', { captionSetIds: [] }, 'Choose at least one'],
    ['train.epochs', { train: { epochs: 0 } }, 'At least 1'],
    ['train.epochs', { train: { epochs: 2.5 } }, 'Enter a whole number'],
    ['train.epochs', { train: { epochs: Number.NaN } }, 'Enter a number'],
    ['train.learningRate', { train: { learningRate: 0 } }, 'More than 0'],
    [
      'train.optimizer.beta2',
      { train: { optimizer: { ...usualSettings('adamw'), beta2: 1 } } },
      'Less than 1',
    ],
    ['train.captionDropout', { train: { captionDropout: 1.5 } }, 'At most 1'],
    ['costRate.watts', { costRate: { kind: 'energy', watts: -1, pricePerKilowattHour: 0.3 } }, 'At least 0'],
  ] satisfies readonly (readonly [string, Edits, string])[])('at %s of %j', (path, edits, message) => {
    expect([...messagesWith(edits)]).toEqual([[path, message]]);
  });

  test('of an entry stand at the whole list', () => {
    const messages = messagesWith({ train: { checkpoints: [1, 0] } });
    expect(messageAt(messages, 'train.checkpoints')).toBe('At least 1');
    expect(messageAt(messages, 'train.check')).toBeUndefined();
  });
});
