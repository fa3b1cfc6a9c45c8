/** Takes the lock of the library at the path given, says so and keeps it. */
import { lockLibrary } from '../../electron/library/library-lock.ts';

lockLibrary(process.argv[2]!);
console.log('locked');
setInterval(() => undefined, 1000);
