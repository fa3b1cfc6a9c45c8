import { writeSheet } from '../../electron/sheets/sheet.ts';

/** Run as a program of its own, so that a test can choose which fonts there are: `<picture> <sheet>`. */
const [picture, output] = process.argv.slice(2);
await writeSheet(output!, {
  title: 'Füchse, größer — don’t “shrink”',
  columns: [{ text: 'Épopée Привет Ελλάς', note: 'Tiếng Việt' }],
  rows: [{ text: 'ein Fuchs' }],
  pictures: [[picture!]],
  footer: [],
});
