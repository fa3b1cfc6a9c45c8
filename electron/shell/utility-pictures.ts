import type { FromPictures } from '../datasets/files/picture-messages.ts';
import type { StartPictureProcess } from '../datasets/files/picture-reader.ts';
import type { ForkUtility } from './utility-engine.ts';

/**
 * Processes of Electron's own kind for decoding pictures in.
 * @param entry the built `picture-process.ts`
 */
export function startUtilityPictures(
  fork: ForkUtility,
  entry: string,
  killProcess: (pid: number) => void = (pid) => process.kill(pid, 'SIGKILL'),
): StartPictureProcess {
  return (mostBytes) => {
    const options = { stdio: 'pipe', serviceName: 'Screenfold pictures', env: process.env } as const;
    const child = fork(entry, [String(mostBytes)], options);
    let [gone, killed] = [false, false];
    const end = () => {
      killed = true;
      if (!gone && child.pid !== undefined) killProcess(child.pid);
    };
    // What libvips warns of would fill the pipes otherwise.
    child.stdout?.resume();
    child.stderr?.resume();
    // Before it has a process id it cannot be ended.
    child.on('spawn', () => {
      if (killed) end();
    });
    child.on('exit', () => (gone = true));
    // Unheard, it would end this process too; `exit` follows.
    child.on('error', () => undefined);
    return {
      send: (message) => {
        if (!gone) child.postMessage(message);
      },
      onMessage: (listener) => {
        child.on('message', (message) => {
          listener(message as FromPictures);
        });
      },
      onEnd: (listener) => {
        // Electron gives the raw wait status where a signal ended the process.
        child.on('exit', (code) => {
          listener(code, code === 9 || code === 137 ? 'SIGKILL' : null);
        });
      },
      kill: end,
    };
  };
}
