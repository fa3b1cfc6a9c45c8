import type { CaptionSetData, CaptionSource } from '../../electron/contract/captions.ts';
import { countText } from './quantities.ts';

type Kind = CaptionSource['kind'];

interface Words {
  readonly label: string;
  readonly explanation: string;
}

/** In the order they are offered. */
export const sourceWords: Readonly<Record<Kind, Words>> = {
  template: {
    label: 'Template',
    explanation: 'One sentence with fields of the metadata, filled in for each image.',
  },
  sidecar: {
    label: 'From files',
    explanation: 'What came with the images: caption files, else metadata, else kohya’s class words.',
  },
  column: { label: 'Metadata field', explanation: 'One field of the metadata, as it is.' },
  fixed: { label: 'Same for all', explanation: 'One text for every image.' },
  model: {
    label: 'By a model',
    explanation: 'A model looks at each image and says what is on it, in tags or in a sentence.',
  },
  hand: { label: 'By hand', explanation: 'Starts without captions; you write them.' },
  copy: { label: 'Copy of a set', explanation: 'The captions of another set as they are now.' },
  empty: {
    label: 'No words',
    explanation: 'No image is described: the model learns a style that needs no words.',
  },
};

export const sourceKinds = Object.keys(sourceWords) as readonly Kind[];

/** What a set was made of, on one line. */
export function sourceText(source: CaptionSource): string {
  switch (source.kind) {
    case 'template':
      return source.template;
    case 'fixed':
      return `Same for all: ${source.text}`;
    case 'column':
      return `Metadata field ${source.column}`;
    default:
      return sourceWords[source.kind].label;
  }
}

/** How many images of a set have a caption; of a set that describes none, that it does not. */
export function captionedText({
  source,
  captioned,
  byHand,
}: Pick<CaptionSetData, 'source' | 'captioned' | 'byHand'>): string {
  const wordless = source.kind === 'empty' && byHand === 0;
  return `${countText(captioned)} ${wordless ? 'without words' : 'captioned'}`;
}
