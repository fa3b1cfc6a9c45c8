/**
 * Compiles `native/optimizers/adamw.wat` into `native/optimizers/adamw-wasm.ts`: `npm run generate:adamw`, after a change of
 * the former.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import openWabt from 'wabt';

const folder = fileURLToPath(new URL('../native/optimizers/', import.meta.url));

/** The source of `adamw-wasm.ts`. */
export async function compileAdamW(): Promise<string> {
  const wabt = await openWabt();
  const source = await readFile(`${folder}adamw.wat`);
  const parsed = wabt.parseWat('adamw.wat', source, { simd: true, threads: true });
  try {
    const bytes = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
    return `/** \`adamw.wat\`, compiled by \`npm run generate:adamw\`; base64. */\nexport const adamwWasm =\n  '${bytes}';\n`;
  } finally {
    parsed.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(`${folder}adamw-wasm.ts`, await compileAdamW());
}
