/**
 * Compiles the `.wat` files of `native/optimizers/one-pass/`, the fields of one module, into its `one-pass-wasm.ts`:
 * `npm run generate:one-pass`, after a change of one of them.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import openWabt from 'wabt';

const folder = fileURLToPath(new URL('../native/optimizers/one-pass/', import.meta.url));
/** It imports what the others use, so it comes before them. */
const shared = 'one-pass.wat';

/** The source of `one-pass-wasm.ts`. */
export async function compileOnePass(): Promise<string> {
  const wabt = await openWabt();
  const others = (await readdir(folder)).filter((name) => name.endsWith('.wat') && name !== shared).sort();
  const fields = await Promise.all([shared, ...others].map((name) => readFile(`${folder}${name}`, 'utf8')));
  const parsed = wabt.parseWat(shared, `(module\n${fields.join('\n')})`, { simd: true, threads: true });
  try {
    const bytes = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
    return `/** The \`.wat\` files beside this one, compiled by \`npm run generate:one-pass\`; base64. */\nexport const onePassWasm =\n  '${bytes}';\n`;
  } finally {
    parsed.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(`${folder}one-pass-wasm.ts`, await compileOnePass());
}
