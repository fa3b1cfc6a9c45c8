import { expect, test } from 'vitest';
import { cardBlocks } from '../../../renderer/components/card-blocks.ts';

const said = (text: string) => [{ text, code: false }];

test('a model card is read without the head that hubs read', () => {
  const blocks = cardBlocks('---\nbase_model: "x"\n---\n\n# My style\n\nA model.\n');
  expect(blocks).toEqual([
    { kind: 'heading', level: 1, text: said('My style') },
    { kind: 'paragraph', text: said('A model.') },
  ]);
});

test('lists, tables and code are told apart', () => {
  const blocks = cardBlocks('- one\n- two\n\n| | |\n|---|---|\n| Seed | 0 |\n\n```\nx = 1\n```\nend');
  expect(blocks).toEqual([
    { kind: 'list', items: [said('one'), said('two')] },
    {
      kind: 'table',
      rows: [[said('Seed'), said('0')]],
    },
    { kind: 'code', text: 'x = 1' },
    { kind: 'paragraph', text: said('end') },
  ]);
});

test('escapes are undone, and code is kept as it is', () => {
  expect(cardBlocks('a \\*star\\* of `unet\\*` and \\|')).toEqual([
    {
      kind: 'paragraph',
      text: [
        { text: 'a *star* of ', code: false },
        { text: 'unet\\*', code: true },
        { text: ' and |', code: false },
      ],
    },
  ]);
});

test('HTML stays text', () => {
  expect(cardBlocks('<img src=x onerror=alert(1)>')).toEqual([
    { kind: 'paragraph', text: said('<img src=x onerror=alert(1)>') },
  ]);
});
