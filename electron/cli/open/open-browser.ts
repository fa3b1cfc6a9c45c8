import { spawn } from 'node:child_process';

interface Opener {
  readonly command: string;
  readonly args: readonly string[];
}

/** How a platform shows an address in the person's browser; null where there is no screen to show it on. */
export function browserOpener(
  address: string,
  platform: NodeJS.Platform,
  environment: Readonly<NodeJS.ProcessEnv>,
): Opener | null {
  if (platform === 'darwin') return { command: 'open', args: [address] };
  if (platform === 'win32') return { command: 'rundll32', args: ['url.dll,FileProtocolHandler', address] };
  const { DISPLAY, WAYLAND_DISPLAY } = environment;
  return DISPLAY || WAYLAND_DISPLAY ? { command: 'xdg-open', args: [address] } : null;
}

/** Tries to; whoever has no browser there has the address in the terminal. */
export function openBrowser(opener: Opener): void {
  const child = spawn(opener.command, opener.args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
