import { describe, expect, test } from 'vitest';

import { embeddingFactsOf } from '../../native/weights/embedding-facts.ts';

const factsOf = (shapes: Readonly<Record<string, readonly number[]>>) =>
  embeddingFactsOf({
    path: '/words/glyph.pt',
    tensors: new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F32', shape }])),
  });

describe('the file of a new word', () => {
  test.each([
    [{ '<my.word>': [2, 768] }, { word: '<my.word>', vectors: 2, widths: [768], base: 'sd1' }],
    [{ emb_params: [8, 1024] }, { word: 'glyph', vectors: 8, widths: [1024], base: 'sd2' }],
    [{ 'string_to_param.*': [1, 768] }, { word: 'glyph', vectors: 1, widths: [768], base: 'sd1' }],
    [
      { clip_l: [3, 768], clip_g: [3, 1280] },
      { word: 'glyph', vectors: 3, widths: [768, 1280], base: 'sdxl' },
    ],
    [{ sks: [16] }, { word: 'sks', vectors: 1, widths: [16], base: null }],
  ])('of %j says what it fits', (shapes, facts) => {
    expect(factsOf(shapes)).toEqual(facts);
  });

  test.each([
    {},
    { sks: [] },
    { sks: [76, 768] },
    { a: [768], b: [768] },
    { 'unet.hada_w1_a': [4, 16] },
    { clip_l: [1, 768], clip_g: [2, 1280] },
  ])('is not %j', (shapes) => {
    expect(factsOf(shapes as Record<string, number[]>)).toBeNull();
  });
});
