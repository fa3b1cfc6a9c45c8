/** What a file's name is sorted by: small letters, and numbers by their value, up to the twelve digits of any counter. */
export function nameKey(file: string): string {
  return file
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(12, '0'));
}
