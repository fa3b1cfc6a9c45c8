import { Failure } from '../../../native/failure.ts';
import type { DatasetImage } from '../dataset-image.ts';
import { textsOf } from '../files/metadata-rows.ts';

/** One way of captioning a data set; several can be compared on the same images. */
export type CaptionSet =
  | { readonly kind: 'empty' }
  | { readonly kind: 'fixed'; readonly text: string }
  /** `official art of ${name}, ${category}`: fields of each image's metadata. */
  | { readonly kind: 'template'; readonly template: string }
  /** What came with the images: caption files, else metadata's captions, else kohya's class tokens. */
  | { readonly kind: 'sidecar' }
  | { readonly kind: 'column'; readonly column: string };

export interface MissingCaption {
  readonly id: string;
  /** Fields of the template, or the column, that the image has no value for; empty for `sidecar`. */
  readonly fields: readonly string[];
  /** What the image is trained on nevertheless; empty text is the unconditional caption. */
  readonly caption: string;
}

export interface Captions {
  /** By image id; never an empty list. Several are alternatives. */
  readonly captions: ReadonlyMap<string, readonly string[]>;
  readonly missing: readonly MissingCaption[];
}

/**
 * The captions a caption set gives the images. A template's missing field is left out together with the comma or space
 * that would have set it apart; an image without any caption gets the empty one. Both are reported as missing.
 * @throws Failure `caption-template`: no such field in any image, or a broken `${`; `caption-column`: a column that no
 * image has
 */
export function captionsFor(images: readonly DatasetImage[], set: CaptionSet): Captions {
  if (set.kind === 'empty') return same(images, '');
  if (set.kind === 'fixed') return same(images, set.text);
  const caption = captionerOf(set);
  requireFields(images, set);
  const captions = new Map<string, readonly string[]>();
  const missing: MissingCaption[] = [];
  for (const image of images) {
    const { texts, fields } = caption(image);
    const kept = texts.length === 0 ? [''] : texts;
    captions.set(image.id, kept);
    if (fields.length > 0 || texts.length === 0) missing.push({ id: image.id, fields, caption: kept[0]! });
  }
  return { captions, missing };
}

/** What a caption set says of one image, and which fields it lacks for it. */
export type Captioner = (image: Pick<DatasetImage, 'metadata' | 'candidates'>) => {
  readonly texts: readonly string[];
  readonly fields: readonly string[];
};

/**
 * Captions image by image, for when not all of them are known yet: a field that no image has is just missing.
 * @throws Failure `caption-template`: a broken `${`
 */
export function captionerOf(set: CaptionSet): Captioner {
  switch (set.kind) {
    case 'empty':
      return () => ({ texts: [''], fields: [] });
    case 'fixed':
      return () => ({ texts: [set.text], fields: [] });
    case 'sidecar':
      return (image) => ({ texts: image.candidates[0]?.texts ?? [], fields: [] });
    case 'column': {
      const column = set.column.normalize('NFC');
      return (image) => {
        const texts = valueOf(image, column);
        return { texts, fields: texts.length === 0 ? [column] : [] };
      };
    }
    case 'template':
      return templateCaptioner(set.template);
  }
}

/** A typing mistake would give every image the same poor caption; better to say so. */
function requireFields(images: readonly DatasetImage[], set: CaptionSet): void {
  const known = (field: string) => images.some((image) => Object.hasOwn(image.metadata, field));
  if (set.kind === 'column' && !known(set.column.normalize('NFC'))) {
    const column = set.column.normalize('NFC');
    throw new Failure('caption-column', `No image has a column '${column}'.`, availableFields(images));
  }
  if (set.kind !== 'template') return;
  const unknown = [...new Set(parseTemplate(set.template).fields)].find((field) => !known(field));
  if (unknown === undefined) return;
  throw new Failure('caption-template', `No image has a field '${unknown}'.`, availableFields(images));
}

function parseTemplate(template: string): { literals: readonly string[]; fields: readonly string[] } {
  const parts = template.split(/\$\{([^{}$]+)\}/);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const fields = parts.filter((_, index) => index % 2 === 1).map((field) => field.trim().normalize('NFC'));
  if (literals.some((literal) => literal.includes('${'))) {
    throw new Failure(
      'caption-template',
      `The template '${template}' has a \${ without its }.`,
      'Write fields as in: a photo of ${name}, ${category}',
    );
  }
  return { literals, fields };
}

function templateCaptioner(template: string): Captioner {
  const { literals, fields } = parseTemplate(template);
  return (image) => {
    const values = fields.map((field) => valueOf(image, field).join(', '));
    const absent = fields.filter((_, index) => values[index] === '');
    const text = literals.map((literal, index) => literal + (values[index] ?? '')).join('');
    const caption = absent.length === 0 ? text : withoutGaps(text);
    return { texts: caption === '' ? [] : [caption], fields: absent };
  };
}

function valueOf(image: Pick<DatasetImage, 'metadata'>, field: string): readonly string[] {
  return Object.hasOwn(image.metadata, field) ? textsOf(image.metadata[field]) : [];
}

function withoutGaps(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?: ?,)+ ?(?=,)/g, '')
    .replaceAll(/ (?=,)/g, '')
    .replaceAll(/^[\s,]+|[\s,]+$/g, '');
}

function availableFields(images: readonly DatasetImage[]): string {
  const fields = [...new Set(images.flatMap((image) => Object.keys(image.metadata)))].sort();
  if (fields.length > 0) return `The images have: ${fields.join(', ')}.`;
  return 'The images have no fields at all: put a metadata.csv with columns beside them, or choose other captions.';
}

function same(images: readonly DatasetImage[], text: string): Captions {
  return { captions: new Map(images.map(({ id }) => [id, [text]])), missing: [] };
}
