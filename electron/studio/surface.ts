import type { SystemInfo } from '../contract/system.ts';

export interface PickRequest {
  readonly what: 'folder' | 'files' | 'model-file' | 'gpu-pack' | 'save';
  readonly title: string;
  readonly suggestion: string;
}

export interface Updates {
  /** A newer version that was found, and whether it only waits for a restart; null where there is none. */
  current(): { readonly version: string; readonly ready: boolean } | null;
  onChange(listener: () => void): void;
  restart(): void;
}

/** What the program around the studio can do beyond answering pages. */
export interface HostSurface {
  readonly host: SystemInfo['host'];
  /** Its version, where it is the desktop. */
  readonly electron: string | null;
  /** The platform's own dialog; null where there is none. Gives null where the person cancelled. */
  readonly pick: ((request: PickRequest) => Promise<readonly string[] | null>) | null;
  /** Shows a path in the file manager; null where there is none. */
  readonly reveal: ((path: string) => void) | null;
  readonly updates: Updates | null;
  /** From the next start on, this is the library. */
  readonly rememberLibraryFolder: (folder: string) => Promise<void>;
}
