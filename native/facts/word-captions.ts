/** What is said of images that a new word is learned from. */
import { wordPattern } from './word-pattern.ts';

/** A prompt has room for 75 tokens. */
export const mostWordVectors = 16;

/**
 * What an image whose caption lacks the word is said to be: sentences about an object or a style, drawn anew at each step, or its own
 * caption after the word. A caption that has the word is used as it is.
 */
export const wordCaptions = ['object', 'style', 'own'] as const;

export type WordCaptions = (typeof wordCaptions)[number];

/** Of Gal et al. (2022), as diffusers' and kohya's scripts have them. */
const sentences = {
  object: [
    'a photo of a {}',
    'a rendering of a {}',
    'a cropped photo of the {}',
    'the photo of a {}',
    'a photo of a clean {}',
    'a photo of a dirty {}',
    'a dark photo of the {}',
    'a photo of my {}',
    'a photo of the cool {}',
    'a close-up photo of a {}',
    'a bright photo of the {}',
    'a cropped photo of a {}',
    'a photo of the {}',
    'a good photo of the {}',
    'a photo of one {}',
    'a close-up photo of the {}',
    'a rendition of the {}',
    'a photo of the clean {}',
    'a rendition of a {}',
    'a photo of a nice {}',
    'a good photo of a {}',
    'a photo of the nice {}',
    'a photo of the small {}',
    'a photo of the weird {}',
    'a photo of the large {}',
    'a photo of a cool {}',
    'a photo of a small {}',
  ],
  style: [
    'a painting in the style of {}',
    'a rendering in the style of {}',
    'a cropped painting in the style of {}',
    'the painting in the style of {}',
    'a clean painting in the style of {}',
    'a dirty painting in the style of {}',
    'a dark painting in the style of {}',
    'a picture in the style of {}',
    'a cool painting in the style of {}',
    'a close-up painting in the style of {}',
    'a bright painting in the style of {}',
    'a cropped painting in the style of {}',
    'a good painting in the style of {}',
    'a close-up painting in the style of {}',
    'a rendition in the style of {}',
    'a nice painting in the style of {}',
    'a small painting in the style of {}',
    'a weird painting in the style of {}',
    'a large painting in the style of {}',
  ],
} as const;

export interface WordInCaptions {
  readonly word: string;
  readonly captions: WordCaptions;
}

/** The captions of an image with the word in each. */
export function captionsWithWord(
  captions: readonly string[],
  { word, captions: kind }: WordInCaptions,
): readonly string[] {
  const says = (caption: string): boolean => caption.search(wordPattern([word])) >= 0;
  const said = captions.filter(says);
  if (said.length === captions.length) return captions;
  if (kind !== 'own')
    return said.length > 0 ? said : sentences[kind].map((text) => text.replace('{}', () => word));
  return captions.map((caption) =>
    says(caption) ? caption : [word, caption.trim()].filter((part) => part !== '').join(', '),
  );
}
