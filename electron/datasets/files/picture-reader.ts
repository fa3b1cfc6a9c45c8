import { fork } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

import { Failure } from '../../../native/failure.ts';
import { convertToWebp } from '../../../native/images/decode.ts';
import { type ImageView, writeView } from '../../../native/images/image-views.ts';
import { killProcess } from '../../../native/runtime/kill-process.ts';
import { bytesText } from '../../contract/quantities.ts';
import { type PictureFile, readPictureFile } from './picture-file.ts';
import {
  type FromPictures,
  type PictureRequest,
  tooMuchMemory,
  type ToPictures,
} from './picture-messages.ts';

/** Decodes pictures, wherever. All throw Failure `image-unreadable`. */
export interface PictureReader {
  /** What there is to know of an image file; its thumbnail is written. */
  readonly read: (path: string, thumbnail: string) => Promise<PictureFile>;
  /** Writes a WebP of it. */
  readonly convert: (path: string, output: string) => Promise<void>;
  /** Writes a WebP of what training sees of it. */
  readonly view: (view: ImageView, output: string) => Promise<void>;
  /** Says that pictures will be read soon. */
  readonly prepare: () => void;
  readonly close: () => void;
}

/** In this process: for pictures whose origin is known. */
export const readHere: PictureReader = {
  read: readPictureFile,
  convert: convertToWebp,
  view: writeView,
  prepare: () => undefined,
  close: () => undefined,
};

/** A process with `picture-process.ts` in it, whatever started it. */
export interface PictureProcess {
  readonly send: (message: ToPictures) => void;
  readonly onMessage: (listener: (message: FromPictures) => void) => void;
  /** Called once, also where it could not be started. */
  readonly onEnd: (listener: (code: number | null, signal: string | null) => void) => void;
  readonly kill: () => void;
}

/** @param mostBytes of memory that it may hold */
export type StartPictureProcess = (mostBytes: number) => PictureProcess;

export interface PictureReaderOptions {
  readonly start?: StartPictureProcess;
  readonly mostBytes?: number;
  /** One picture may take so long. */
  readonly seconds?: number;
  /** Without work for so long, the process is let go. */
  readonly idleSeconds?: number;
}

interface Task {
  readonly request: PictureRequest;
  readonly resolve: (picture: PictureFile | null) => void;
  readonly reject: (reason: Error) => void;
}

/** Enough for the largest picture that is read at all, twice. */
const usualMemory = Math.max(2 ** 30, Math.min(2.5 * 2 ** 30, totalmem() / 2));

/**
 * Pictures decoded in a process of their own. When that ends, those that were in it are tried again one by one, so that
 * only the one that ends it is refused.
 */
export function createPictureReader(options: PictureReaderOptions = {}): PictureReader {
  const { start = forkPictureProcess, mostBytes = usualMemory, seconds = 120, idleSeconds = 20 } = options;
  const waiting: Task[] = [];
  const suspects: Task[] = [];
  let running: RunningProcess | null = null;
  let idle: NodeJS.Timeout | undefined;

  const started = (): RunningProcess => {
    running ??= superviseProcess(start(mostBytes), seconds, (end, tasks) => {
      running = null;
      const [only] = tasks;
      if (!end.ready)
        for (const task of tasks) task.reject(new Error('the process that reads pictures does not start'));
      else if (tasks.length === 1) only!.reject(refusal(only!.request.path, end, mostBytes, seconds));
      else suspects.push(...tasks);
      pump();
    });
    return running;
  };
  const pump = (): void => {
    clearTimeout(idle);
    const busy = running?.tasks() ?? 0;
    if (suspects.length > 0) {
      if (busy === 0) started().work(suspects.shift()!, pump);
      return;
    }
    for (const task of waiting.splice(0)) started().work(task, pump);
    if (running === null || running.tasks() > 0) return;
    idle = setTimeout(() => {
      running?.letGo();
      running = null;
    }, 1000 * idleSeconds).unref();
  };
  const ask = (request: PictureRequest): Promise<PictureFile | null> =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      pump();
    });

  return {
    read: async (path, thumbnail) => {
      const picture = await ask({ kind: 'read', path, thumbnail });
      if (picture === null) throw new Error(`nothing was learned of ${path}`);
      return picture;
    },
    convert: async (path, output) => {
      await ask({ kind: 'convert', path, output });
    },
    view: async (view, output) => {
      await ask({ kind: 'view', path: view.image.path, view, output });
    },
    prepare: () => {
      started();
      pump();
    },
    close: () => {
      clearTimeout(idle);
      running?.letGo();
      running = null;
    },
  };
}

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly ready: boolean;
}

interface RunningProcess {
  readonly tasks: () => number;
  readonly work: (task: Task, onDone: () => void) => void;
  /** Ends it, and says nothing more of it. */
  readonly letGo: () => void;
}

function superviseProcess(
  child: PictureProcess,
  seconds: number,
  onEnd: (end: ProcessEnd, tasks: readonly Task[]) => void,
): RunningProcess {
  const tasks = new Map<
    number,
    { readonly task: Task; readonly timer: NodeJS.Timeout; readonly onDone: () => void }
  >();
  let [count, timedOut, ready, gone] = [0, false, false, false];
  child.onMessage((message) => {
    if (message.kind === 'ready') {
      ready = true;
      return;
    }
    const under = tasks.get(message.id);
    if (under === undefined) return;
    tasks.delete(message.id);
    clearTimeout(under.timer);
    if (message.kind === 'done') under.task.resolve(message.picture);
    else if (message.kind === 'broken') {
      const { code } = message;
      under.task.reject(Object.assign(new Error(message.message), code === null ? {} : { code }));
    } else under.task.reject(new Failure(message.code, message.message, message.hint));
    under.onDone();
  });
  child.onEnd((code, signal) => {
    if (gone) return;
    gone = true;
    const left = [...tasks.values()];
    for (const { timer } of left) clearTimeout(timer);
    onEnd(
      { code, signal, timedOut, ready },
      left.map(({ task }) => task),
    );
  });
  return {
    tasks: () => tasks.size,
    work: (task, onDone) => {
      const id = ++count;
      const timer = setTimeout(() => {
        timedOut = true;
        child.kill();
      }, 1000 * seconds);
      tasks.set(id, { task, timer, onDone });
      child.send({ ...task.request, id });
    },
    letGo: () => {
      gone = true;
      for (const { task, timer } of tasks.values()) {
        clearTimeout(timer);
        task.reject(new Error('Screenfold closes'));
      }
      child.kill();
    },
  };
}

function refusal(
  path: string,
  { code, signal, timedOut }: ProcessEnd,
  mostBytes: number,
  seconds: number,
): Failure {
  // The kernel's out-of-memory killer sends SIGKILL; nothing else does uninvited.
  const memory = code === tooMuchMemory || (signal === 'SIGKILL' && !timedOut);
  const reason = timedOut
    ? `that takes longer than ${seconds} seconds`
    : memory
      ? `that takes more than ${bytesText(mostBytes)} of memory`
      : 'its decoder failed on it';
  return new Failure(
    'image-unreadable',
    `${path} cannot be read as an image: ${reason}`,
    timedOut || memory
      ? 'Make it smaller in an image editor, or take it out of the folder.'
      : 'Open it in an image editor and save it again, or take it out of the folder.',
  );
}

/** As many threads as pictures are worked on at a time: libvips decodes each in one. */
const threads = availableParallelism() + 2;

function forkPictureProcess(mostBytes: number): PictureProcess {
  const child = fork(fileURLToPath(new URL('picture-process.ts', import.meta.url)), [String(mostBytes)], {
    serialization: 'advanced',
    silent: true,
    execArgv: [],
    env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
  });
  // What libvips warns of would fill the pipe otherwise.
  child.stdout?.resume();
  child.stderr?.resume();
  return {
    // A child that is going away cannot be told anything any more; its end is reported by `close`.
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (listener) => {
      child.on('message', (message) => {
        listener(message as FromPictures);
      });
    },
    onEnd: (listener) => {
      child.on('error', () => {
        listener(null, null);
      });
      child.on('close', listener);
    },
    kill: () => {
      killProcess(child);
    },
  };
}
