/** Takes the lock of the library at the path given, keeps it through a garbage collection and says so. */
import { lockLibrary } from '../../electron/library/library-lock.ts';

lockLibrary(process.argv[2]!);
(globalThis as { gc?: () => void }).gc!();
// What is collected is closed by a task of its own.
setTimeout(() => {
  console.log('locked');
}, 50);
setInterval(() => undefined, 1000);
