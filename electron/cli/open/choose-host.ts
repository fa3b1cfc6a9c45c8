/** What is known of the machine before the studio opens. */
export interface HostSigns {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** The user's id; null where there is no such thing. */
  readonly userId: number | null;
  /** Where Electron's program lies; null where it is not installed. */
  readonly electron: string | null;
  /** The person asked for the browser. */
  readonly wantsBrowser: boolean;
}

export type HostChoice =
  | { readonly kind: 'desktop'; readonly electron: string }
  /** A window could be shown if only Electron's program were here. */
  | { readonly kind: 'fetch-electron' }
  | { readonly kind: 'browser'; readonly why: string };

/** Where the studio opens: in its own window if that can be, else in the browser, and why there. */
export function chooseHost({ platform, environment, userId, electron, wantsBrowser }: HostSigns): HostChoice {
  const browser = (why: string): HostChoice => ({ kind: 'browser', why });
  if (wantsBrowser) return browser('you asked for it');
  const { DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION } = environment;
  if (platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY) return browser('there is no screen here');
  if (platform === 'darwin' && SSH_CONNECTION) return browser('you are connected from another machine');
  // Chromium's sandbox refuses the superuser, and without its sandbox no page is shown here.
  if (platform === 'linux' && userId === 0) return browser('a window cannot be opened as root');
  return electron === null ? { kind: 'fetch-electron' } : { kind: 'desktop', electron };
}

/** What is said before the page is built: that it opens only where it is opened. */
export function openingText(why: string, opens: boolean): string {
  return opens
    ? `Opening Screenfold in the browser: ${why}.`
    : 'Screenfold can be opened in a browser, at the address below.';
}
