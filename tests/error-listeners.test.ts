import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What makes something whose error ends the process where nobody listens. */
const makers =
  /\b(createServer|createConnection|createReadStream|createWriteStream|new Worker|new WebSocketServer|spawn|(?<!utilityProcess\.)fork|pino\.destination)\(/;
/** What hears of it: a listener, or what passes it on as a rejection. */
const hearers = /\bon(ce)?\(\s*'error'|\bpipeline\(|\bfor await\b|\.toWeb\(|onNotStarted/;

test('whoever makes a stream, a server, a process or a thread hears of its errors', () => {
  const files = ['electron', 'native'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
  const texts = files.map((file) => ({ file, text: readFileSync(file, 'utf8') }));
  const making = texts.filter(({ text }) => makers.test(text.replace(/^import .*$/gm, '')));
  expect(making.length).toBeGreaterThan(8);
  expect(making.filter(({ text }) => !hearers.test(text)).map(({ file }) => file)).toEqual([]);
});
