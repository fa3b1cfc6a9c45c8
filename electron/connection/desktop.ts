/** What the desktop window's preload gives the page, as `window.screenfoldDesktop`; a browser has none of it. */
export interface DesktopBridge {
  /** Asks for the message port to the studio, which then comes as a `portMessage` of the window's own. */
  ready(): void;
  /**
   * Where a dropped file or folder lies, which no page can know by itself: so that images are read where they are,
   * as when they are picked in a dialog, and not copied.
   */
  pathOf(file: File): string;
}

/** The message that brings the page its port. */
export const portMessage = 'screenfold-port';
