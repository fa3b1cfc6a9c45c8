import { mkdir } from 'node:fs/promises';
import { cpus, platform, release } from 'node:os';
import { isAbsolute } from 'node:path';

import { Failure, messageOf } from '../../native/failure.ts';
import { mainMemory } from '../../native/runtime/main-memory.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { SystemInfo } from '../contract/system.ts';
import type { Engine } from '../engine/engine.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { browse } from './browse.ts';
import type { StudioLog } from './log.ts';
import type { RevealTarget } from './reveal-target.ts';
import type { HostSurface } from './surface.ts';

export interface SystemDependencies {
  readonly context: DomainContext;
  readonly settings: SettingsStore;
  readonly log: StudioLog;
  readonly engine: Engine;
  readonly surface: HostSurface;
  readonly version: string;
  readonly home: string;
  /** Where something of the library lies. */
  readonly pathOf: (target: RevealTarget) => Promise<string>;
  /** Whether a run computes at this moment. */
  readonly training: () => boolean;
  /** Calls back when what can be computed on may be another. */
  readonly onDevices: (listener: () => void) => void;
}

type Detected = Pick<SystemInfo, 'runtime' | 'providers'>;

/** What concerns the studio as a whole: the machine, the settings, the log, dialogs, updates. */
export function createSystem(dependencies: SystemDependencies): HandlersOf<'system'> {
  const { context, settings, log, surface, version } = dependencies;
  const { folder } = context.library;
  const detected = detectOnce(dependencies);
  surface.updates?.onChange(() => {
    context.publish('changed', { subjects: ['system'] });
  });

  return {
    'system.info': () => ({
      version,
      host: surface.host,
      platform: `${platform()} ${release()}`,
      libraryFolder: folder,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryBytes: mainMemory(),
      node: process.versions.node,
      electron: surface.electron,
      ...detected(),
      update: surface.updates?.current() ?? null,
    }),
    'system.settings': settings.get,
    'system.changeSettings': ({ change }) => {
      // A key that is there without a value names no change.
      const named = Object.entries(change).filter(([, value]) => value !== undefined);
      const now = settings.change(Object.fromEntries(named));
      context.publish('changed', { subjects: ['settings'] });
      return now;
    },
    'system.log': ({ lines }) => [...log.recent(lines)],
    'system.setLibraryFolder': async ({ folder: next }) => {
      if (!isAbsolute(next)) throw notAFolder(next, 'the path is not absolute');
      await mkdir(next, { recursive: true }).catch((error: unknown) => {
        throw notAFolder(next, messageOf(error));
      });
      await surface.rememberLibraryFolder(next);
      log.info(`From the next start on, the library is ${next}`);
      return null;
    },
    'system.pick': async (request) => {
      if (surface.pick === null) {
        throw new Failure(
          'no-dialogs',
          'There is no file dialog here.',
          'Choose from the list of folders instead.',
        );
      }
      const paths = await surface.pick(request);
      return { paths: paths === null ? null : [...paths] };
    },
    'system.browse': ({ folder: at }) => browse(at, { home: dependencies.home, platform: process.platform }),
    'system.reveal': async ({ target }) => {
      const path = await dependencies.pathOf(target);
      surface.reveal?.(path);
      return { path, shown: surface.reveal !== null };
    },
    'system.restartForUpdate': () => {
      if (surface.updates?.current()?.ready !== true) {
        throw new Failure(
          'no-update',
          'There is no update to install.',
          'Screenfold looks for one every day.',
        );
      }
      if (dependencies.training()) {
        throw new Failure(
          'update-while-training',
          'A run is training, and an update would interrupt it.',
          'Pause the run, or update when it has finished.',
        );
      }
      surface.updates.restart();
      return null;
    },
  };
}

/** What the engine finds this machine can do, asked for in the background once somebody wants to know. */
function detectOnce({ engine, context, log, onDevices }: SystemDependencies): () => Detected {
  let known: Detected | null = null;
  let asked = false;
  const detect = async () => {
    try {
      const { runtime, providers } = await engine.run({ kind: 'info' });
      known = { runtime, providers: [...providers] };
    } catch (error) {
      log.warn('What this machine can compute on could not be found out', error);
      known = { runtime: 'could not be found out; the log says why', providers: [] };
    }
    context.publish('changed', { subjects: ['system'] });
  };
  onDevices(() => {
    if (asked) void detect();
  });
  return () => {
    if (!asked) void detect();
    asked = true;
    return known ?? { runtime: null, providers: null };
  };
}

function notAFolder(folder: string, why: string): Failure {
  return new Failure(
    'library-folder-unusable',
    `${folder} cannot be the library's folder: ${why}.`,
    'Choose a folder you may write to.',
  );
}
