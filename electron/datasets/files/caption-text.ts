/** A caption as it is trained on: all its lines, one after the other, in one. */
export function oneLine(text: string): string {
  return text
    .split(/[\n\r\u2028\u2029]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
