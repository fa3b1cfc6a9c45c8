/** Takes the lock on the file at the path given, keeps it through a garbage collection and says so. */
import { lockFile } from '../../native/files/process-lock.ts';

lockFile(process.argv[2]!);
(globalThis as { gc?: () => void }).gc!();
// What is collected is closed by a task of its own.
setTimeout(() => {
  console.log('locked');
}, 50);
setInterval(() => undefined, 1000);
