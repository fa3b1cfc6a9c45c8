import { describe, expect, test } from 'vitest';

import {
  captionOf,
  createDrafts,
  draft,
  nextWanted,
  written,
} from '../../../../renderer/features/captions/caption-drafts.ts';
import { changedPart } from '../../../../renderer/features/captions/changed-part.ts';

describe('a draft', () => {
  test('is forgotten once it is written', () => {
    const drafts = createDrafts();
    draft(drafts, 1, 'a cat');
    written(drafts, 1, 'a cat');
    expect(drafts.getState().texts.has(1)).toBe(false);
  });

  test('stays where one typed on while it was being written', () => {
    const drafts = createDrafts();
    draft(drafts, 1, 'a cat');
    draft(drafts, 1, 'a cat, old');
    written(drafts, 1, 'a cat');
    expect(drafts.getState().texts.get(1)).toBe('a cat, old');
  });

  test('of nothing but spaces is no caption', () => {
    expect(captionOf('  ')).toBeNull();
    expect(captionOf(' a cat ')).toBe('a cat');
  });
});

describe('the next image without a caption', () => {
  test('is looked for around the end', () => {
    expect(nextWanted([1, 2, 3, 4], 2, new Set([2]))).toBe(1);
    expect(nextWanted([1, 2, 3, 4], 0, new Set([3, 4]))).toBe(2);
  });

  test('is none where there is no other', () => {
    expect(nextWanted([1, 2], 0, new Set([1]))).toBeNull();
    expect(nextWanted([1, 2], 0, new Set())).toBeNull();
  });
});

test('a change is what stands between what is alike', () => {
  expect(changedPart('a red cat, old', 'a blue cat, old')).toEqual({
    head: 'a ',
    removed: 'red',
    added: 'blue',
    tail: ' cat, old',
  });
  expect(changedPart('aa', 'aaa')).toEqual({ head: 'aa', removed: '', added: 'a', tail: '' });
});
