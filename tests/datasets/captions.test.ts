import { describe, expect, test } from 'vitest';

import { captionsFor } from '../../electron/datasets/captions/captions.ts';
import type { DatasetImage } from '../../electron/datasets/dataset-image.ts';

function image(id: string, part: Partial<DatasetImage>): DatasetImage {
  return { id, path: `/set/${id}`, width: 64, height: 64, metadata: {}, candidates: [], repeats: 1, ...part };
}

const fox = image('fox.png', {
  metadata: { name: 'fox', category: 'animal', captions: ['a fox', 'fox, animal'] },
  candidates: [
    { source: 'sidecar', texts: ['a red fox'] },
    { source: 'class tokens', texts: ['fox'] },
  ],
});
const owl = image('owl.png', { metadata: { name: 'owl' } });
const stone = image('stone.png', {});

function textOf(set: Parameters<typeof captionsFor>[1]): (readonly string[] | undefined)[] {
  const { captions } = captionsFor([fox, owl, stone], set);
  return [fox, owl, stone].map(({ id }) => captions.get(id));
}

describe('captionsFor', () => {
  test('says that there are no fields rather than listing none', () => {
    const bare = [{ ...fox, metadata: {} }];
    for (const set of [
      { kind: 'column', column: 'caption' },
      { kind: 'template', template: '${caption}' },
    ] as const) {
      expect(() => captionsFor(bare, set)).toThrow(
        expect.objectContaining({ hint: expect.stringContaining('no fields at all') as string }),
      );
    }
  });

  test('gives every image the empty or the same caption', () => {
    expect(textOf({ kind: 'empty' })).toEqual([[''], [''], ['']]);
    expect(textOf({ kind: 'fixed', text: 'a sticker' })).toEqual([
      ['a sticker'],
      ['a sticker'],
      ['a sticker'],
    ]);
  });

  test('fills a template, and leaves out what an image lacks together with its comma', () => {
    const set = { kind: 'template', template: 'official art of ${name}, ${ category }' } as const;
    expect(textOf(set)).toEqual([
      ['official art of fox, animal'],
      ['official art of owl'],
      ['official art of'],
    ]);
    expect(captionsFor([fox, owl, stone], set).missing).toEqual([
      { id: 'owl.png', fields: ['category'], caption: 'official art of owl' },
      { id: 'stone.png', fields: ['name', 'category'], caption: 'official art of' },
    ]);
  });

  test('closes gaps at the start and in the middle of a template', () => {
    const { captions } = captionsFor([fox, owl, stone], {
      kind: 'template',
      template: '${category}, ${name}, ${category} art, on white',
    });
    expect(captions.get('owl.png')).toEqual(['owl, art, on white']);
    expect(captions.get('stone.png')).toEqual(['art, on white']);
  });

  test('joins several values of a field', () => {
    const { captions } = captionsFor([fox], { kind: 'template', template: 'art: ${captions}' });
    expect(captions.get('fox.png')).toEqual(['art: a fox, fox, animal']);
  });

  test('names the fields there are when a template asks for one that no image has', () => {
    const ask = () => captionsFor([fox, owl], { kind: 'template', template: '${nmae}' });
    expect(ask).toThrow(
      expect.objectContaining({
        code: 'caption-template',
        message: "No image has a field 'nmae'.",
        hint: 'The images have: captions, category, name.',
      }),
    );
    expect(() => captionsFor([fox], { kind: 'template', template: 'a ${name' })).toThrow('without its }');
  });

  test('does not take what every object has for a field', () => {
    expect(() => captionsFor([fox], { kind: 'template', template: '${toString}' })).toThrow('No image has');
    expect(() => captionsFor([fox], { kind: 'column', column: 'constructor' })).toThrow('No image has');
  });

  test('takes the best caption that came with an image', () => {
    expect(textOf({ kind: 'sidecar' })).toEqual([['a red fox'], [''], ['']]);
    expect(captionsFor([fox, owl], { kind: 'sidecar' }).missing).toEqual([
      { id: 'owl.png', fields: [], caption: '' },
    ]);
  });

  test('counts an empty caption file as a caption', () => {
    const empty = image('empty.png', { candidates: [{ source: 'sidecar', texts: [''] }] });
    const { captions, missing } = captionsFor([empty], { kind: 'sidecar' });
    expect(captions.get('empty.png')).toEqual(['']);
    expect(missing).toEqual([]);
  });

  test('takes a column, with all its captions', () => {
    expect(textOf({ kind: 'column', column: 'captions' })).toEqual([['a fox', 'fox, animal'], [''], ['']]);
    expect(captionsFor([fox, owl], { kind: 'column', column: 'captions' }).missing).toEqual([
      { id: 'owl.png', fields: ['captions'], caption: '' },
    ]);
  });
});
