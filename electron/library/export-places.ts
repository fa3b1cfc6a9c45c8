import { join } from 'node:path';

import { isFolderFormat, type ModelFormat } from '../../native/facts/model-formats.ts';

const fileEnding = /\.safetensors$/i;

/** Where the model card of an export lies. */
export function cardOf(format: ModelFormat, output: string): string {
  return isFolderFormat(format) ? join(output, 'README.md') : output.replace(fileEnding, '.md');
}

/** Where the pictures lie by which an export was proven. */
export function pictureOf(format: ModelFormat, output: string): string {
  return isFolderFormat(format) ? join(output, 'proof.png') : output.replace(fileEnding, '.proof.png');
}

/** What comes to lie beside a model in a file; beside anything else nothing does. */
export function companionsOf(output: string): readonly string[] {
  return fileEnding.test(output) ? [cardOf('single-file', output), pictureOf('single-file', output)] : [];
}
