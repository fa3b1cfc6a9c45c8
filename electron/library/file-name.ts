/** Every name of a file or folder that is made of a person's words comes from here. */

/** Bytes of the words in a name: file systems take 255, and endings, numbers and what is half-written come on top. */
const mostBytes = 160;

const segmenter = new Intl.Segmenter();

/** The beginning of a text that is at most so many bytes of UTF-8 long, and so many characters as a person sees them. */
export function cutText(text: string, bytes: number, characters = Infinity): string {
  let cut = '';
  let [size, count] = [0, 0];
  for (const { segment } of segmenter.segment(text.slice(0, bytes))) {
    size += Buffer.byteLength(segment);
    if (size > bytes || ++count > characters) break;
    cut += segment;
  }
  return cut;
}

/** Names of devices on Windows, whatever follows a dot. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** What turns the direction of writing around, so that a name reads as another. */
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A name as one path segment that every file system takes, at most 80 characters and 160 bytes of it.
 * @param ending kept whole, as in `, epoch 5`
 */
export function fileNameOf(name: string, ending = ''): string {
  const safe = clean(name);
  const end = clean(ending);
  const words = trimmed(cutText(trimmed(safe), mostBytes - Buffer.byteLength(end), 80));
  // Selectors, joiners and fillers alone are nothing to be seen.
  const visible = /[^\s\p{M}\p{DI}]/u.test(words) ? words : 'run';
  return reserved.test(visible) ? `${visible}_${end}` : `${visible}${end}`;
}

function clean(text: string): string {
  return text
    .normalize('NFC')
    .replace(turning, '')
    .replace(/[<>:"/\\|?*\p{Cc}]+/gu, '-');
}

const trimmed = (text: string) => text.replace(/^[\s.-]+|[\s.-]+$/g, '');

/** A prompt as part of a file name: its letters and digits of any script, no longer than 40 of them. */
export function slug(prompt: string): string {
  const words =
    prompt
      .normalize('NFC')
      .replace(/\p{DI}+/gu, ' ')
      .toLowerCase()
      .match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];
  const text = cutText(Array.from(words.join('-')).slice(0, 40).join(''), mostBytes).replace(/-$/, '');
  return text === '' ? 'empty' : text;
}
