/** A process that downloads one file and may be killed meanwhile: `fetch-one.ts <address> <file> <sha256 or ->`. */
import { download } from '../../electron/downloads/download.ts';
import { createHttpGet } from '../../electron/downloads/http-get.ts';
import { Failure } from '../../native/failure.ts';

const [address = '', file = '', sha256 = '-'] = process.argv.slice(2);
try {
  await download(
    { address: new URL(address), file, sha256: sha256 === '-' ? null : sha256, bytes: null, token: null },
    {
      get: createHttpGet({ proxy: null, environment: {} }),
      signal: new AbortController().signal,
      hurry: 0.01,
    },
  );
} catch (error) {
  // Whoever was killed a moment ago may have got as far as the end.
  if (!(error instanceof Failure && error.code === 'output-exists')) throw error;
}
