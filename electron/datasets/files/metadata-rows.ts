import { captionOfTags, readableTag } from './danbooru-tags.ts';

/** What a metadata file says of one image: fields for templates, each a text or several. */
export type MetadataRecord = Readonly<Record<string, string | readonly string[]>>;

export interface MetadataRow {
  /** How the file names the image: a path relative to the file's folder, a name without extension, or an absolute path. */
  readonly key: string;
  readonly fields: MetadataRecord;
  /** Captions the row holds, if its format has a place for them. */
  readonly captions: readonly string[];
}

/** Columns that name the image and nothing else, the first that a row has; Hugging Face's own comes first. */
const keyColumns = [
  ...[
    'file_name',
    'filename',
    'file_path',
    'filepath',
    'file',
    'image',
    'image_name',
    'image_path',
    'image_file',
  ],
  ...['img', 'img_path', 'path'],
];
/** Columns that may name the image, and may as well be something about it. */
const weakKeyColumns = ['name', 'key', 'image_id', 'id'];
/** In this order: the first a row has is its caption. */
const captionColumns = [
  ...[
    'text',
    'captions',
    'caption',
    'prompt',
    'caption_long',
    'long_caption',
    'description',
    'caption_short',
  ],
  ...['short_caption', 'tags'],
];

export function isKeyColumn(name: string): boolean {
  return keyColumns.includes(name.toLowerCase());
}

/** A row that names its image; null where it names none. */
export function namedRow(value: unknown): MetadataRow | null {
  if (!isObject(value)) return null;
  const entries = Object.entries(value);
  const found = keyColumns.flatMap((column) => {
    const entry = entries.find(([name, text]) => name.toLowerCase() === column && isName(text));
    return entry === undefined ? [] : [entry];
  })[0];
  if (found === undefined) return null;
  const [column, key] = found;
  const fields = fieldsOf(Object.fromEntries(entries.filter(([name]) => name !== column)));
  return { key: String(key), fields, captions: captionsIn(fields) };
}

/** A row that perhaps names its image, by a column that may mean something else: Danbooru's id, a name. */
export function perhapsNamedRow(value: unknown): MetadataRow | null {
  if (!isObject(value)) return null;
  const column = weakKeyColumns.find((name) => isName(value[name]) || typeof value[name] === 'number');
  return column === undefined ? null : recordRow(String(value[column]), value);
}

/** An object that is about the image it is known to be about. */
export function recordRow(key: string, value: Readonly<Record<string, unknown>>): MetadataRow {
  const fields = fieldsOf(value);
  if (Object.keys(value).some((name) => name.startsWith('tag_string'))) return danbooruRow(key, fields);
  return { key, fields, captions: captionsIn(fields) };
}

/** Whether an object holds what captions an image, or could be a row of a table of them. */
export function hasCaption(value: Readonly<Record<string, unknown>>): boolean {
  return (
    captionColumns.some((name) => fieldOf(value[name]) !== undefined) ||
    Object.keys(value).some((name) => name.startsWith('tag_string'))
  );
}

/** What an object of captions by image says of one of them; null where it is of another kind. */
export function mappedRow(key: string, value: unknown): MetadataRow | null {
  if (isObject(value)) return kohyaRow(key, value);
  if (
    typeof value !== 'string' &&
    !(Array.isArray(value) && value.every((text) => typeof text === 'string'))
  ) {
    return null;
  }
  const field = fieldOf(value);
  return field === undefined
    ? { key, fields: {}, captions: [] }
    : { key, fields: { caption: field }, captions: textsOf(field) };
}

/** sd-scripts trains on the caption, followed by the tags where there are both. */
function kohyaRow(key: string, value: Readonly<Record<string, unknown>>): MetadataRow {
  const fields = fieldsOf(value);
  const parts = [...textsOf(fields.caption), ...textsOf(fields.tags)];
  const captions = parts.length > 0 ? [parts.join(', ')] : captionsIn(fields);
  return { key, fields, captions };
}

/** Characters come first, as taggers order them. */
function danbooruRow(key: string, raw: MetadataRecord): MetadataRow {
  const tags = (kind: string) =>
    textsOf(raw[`tag_string_${kind}`]).flatMap((text) =>
      text
        .split(' ')
        .filter((tag) => tag !== '')
        .map(readableTag),
    );
  const fields = Object.fromEntries(
    ['general', 'artist', 'copyright', 'character'].flatMap((kind) =>
      tags(kind).length === 0 ? [] : [[kind, tags(kind).join(', ')]],
    ),
  );
  const all = ['character', 'copyright', 'artist', 'general'].flatMap(tags).join(', ');
  const caption = all === '' ? captionOfTags(textsOf(raw.tag_string).join(' ')) : all;
  return { key, fields: { ...raw, ...fields }, captions: caption === '' ? [] : [caption] };
}

/** Several captions are alternatives; several tags are one caption. */
function captionsIn(fields: MetadataRecord): readonly string[] {
  const column = captionColumns.find((name) => fields[name] !== undefined);
  if (column === undefined) return [];
  const texts = textsOf(fields[column]);
  return column === 'tags' ? [texts.join(', ')] : texts;
}

function fieldsOf(value: Readonly<Record<string, unknown>>): MetadataRecord {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, entry]) => {
      const field = fieldOf(entry);
      return field === undefined ? [] : [[name.normalize('NFC'), field]];
    }),
  );
}

/** Null and empty mean there is nothing; a nested object has no meaning in a caption. */
function fieldOf(value: unknown): string | readonly string[] | undefined {
  if (Array.isArray(value)) {
    const texts = value.map(fieldOf).filter((text) => typeof text === 'string');
    return texts.length === 0 ? undefined : texts;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

/** A field's texts: none, one or several. */
export function textsOf(field: string | readonly string[] | undefined): readonly string[] {
  if (field === undefined) return [];
  return typeof field === 'string' ? [field] : field;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
