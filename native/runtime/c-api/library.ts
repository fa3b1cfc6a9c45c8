import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { Failure, messageOf } from '../../failure.ts';
import { koffi } from '../foreign-functions.ts';
import { physicalCores } from '../physical-cores.ts';
import {
  apiVersion,
  fatalOnly,
  type FunctionName,
  functions,
  type ParameterType,
  type ResultType,
} from './functions.ts';

/** An address in memory that ONNX Runtime owns. */
export type Pointer = bigint;

interface Arguments {
  'void *': Pointer | ArrayBufferView<ArrayBuffer> | null;
  int: number;
  size_t: number;
  bool: boolean;
  str: string;
  strings: readonly string[];
  path: string;
}
interface Results {
  status: undefined;
  void: undefined;
  int: number;
  str: string;
}
type Mapped<P extends readonly ParameterType[]> = { -readonly [I in keyof P]: Arguments[P[I]] };
type ArgumentsOf<N extends FunctionName> =
  Mapped<(typeof functions)[N][2]> extends infer A extends unknown[] ? A : never;
type ResultOf<N extends FunctionName> = Results[(typeof functions)[N][1]];
type NamesReturning<R extends ResultType> = {
  [N in FunctionName]: (typeof functions)[N][1] extends R ? N : never;
}[FunctionName];
type Handle =
  | 'ThreadingOptions'
  | 'Session'
  | 'SessionOptions'
  | 'RunOptions'
  | 'IoBinding'
  | 'Value'
  | 'MemoryInfo'
  | 'Allocator'
  | 'ArenaCfg';

/** What ONNX Runtime says in an `OrtStatus`. */
export class OrtError extends Error {
  override readonly name = 'OrtError';
  /** `OrtErrorCode`. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Ort {
  /** `1.30.0` */
  readonly version: string;
  readonly path: string;
  /** The one `OrtEnv` of the process. */
  readonly env: Pointer;
  /** Calls on this thread. Throws `OrtError` where the status is not success. */
  call<N extends FunctionName>(name: N, ...args: ArgumentsOf<N>): ResultOf<N>;
  /** Calls on a worker thread, with the arguments kept alive until it is done. */
  callAsync<N extends NamesReturning<'status'>>(name: N, ...args: ArgumentsOf<N>): Promise<void>;
  /** Where a function lies, for calling it on a thread of one's own. */
  addressOf(name: FunctionName): Pointer;
  /** Throws `OrtError` where a status that such a call gave is not success. */
  check(status: Pointer | null): void;
  /** Calls a function whose last parameter is where it writes a pointer to, and gives that. */
  get<N extends NamesReturning<'status'>>(name: N, ...args: AllButLast<ArgumentsOf<N>>): Pointer;
  /** As `get`, for objects that must be given back with `release`. */
  create<N extends NamesReturning<'status'>>(
    kind: Handle,
    name: N,
    ...args: AllButLast<ArgumentsOf<N>>
  ): Pointer;
  /** Counts an object that was created by other means than `create`. */
  adopt(kind: Handle, pointer: Pointer): Pointer;
  release(kind: Handle, pointer: Pointer): void;
  /** Objects created and not yet released, for finding leaks. */
  liveObjects(): number;
}
type AllButLast<T extends unknown[]> = T extends [...infer Rest, unknown] ? Rest : never;

/** By the path of the library. */
const loaded = new Map<string, Ort>();

/**
 * ONNX Runtime's C API in the shared library that onnxruntime-node brings, the very one its own binding loads, or in another.
 * Throws `onnxruntime-missing` where there is none for this platform, `onnxruntime-too-old` where it lacks functions.
 */
export function loadOrt(path: string = libraryPath()): Ort {
  const known = loaded.get(path) ?? load(path);
  loaded.set(path, known);
  return known;
}

const libraryNames: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

/** A packed application's files are in one archive, which the system's loader can't read; libraries lie beside it. */
export function unpacked(path: string): string {
  return path.replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked');
}

/** Where the library of this platform lies; throws `onnxruntime-missing` where the package has none. */
export function libraryPath(): string {
  const name = libraryNames[process.platform];
  const packageJson = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const path =
    name && join(unpacked(dirname(packageJson)), 'bin', 'napi-v6', process.platform, process.arch, name);
  if (!path || !existsSync(path)) {
    throw new Failure(
      'onnxruntime-missing',
      `onnxruntime-node has no library for ${process.platform} ${process.arch}${path ? ` at ${path}` : ''}.`,
      'Install Screenfold again; it runs on 64-bit Linux and Windows and on Apple silicon.',
    );
  }
  return path;
}

const koffiTypes = {
  status: 'void *',
  'void *': 'void *',
  void: 'void',
  int: 'int',
  size_t: 'size_t',
  bool: 'bool',
  str: 'str',
  strings: 'const char **',
  path: process.platform === 'win32' ? 'str16' : 'str',
} as const;

type NativeCall = ((...args: unknown[]) => unknown) & {
  async: (...args: [...unknown[], (error: Error | null, result: unknown) => void]) => void;
};

/** Held, because koffi unloads a library that the garbage collector finds unused, and every function with it. */
const libraries: unknown[] = [];

function opened(path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (error) {
    throw unopened(path, error, process.platform);
  }
}

/** A library that is there and does not open, told with what most often is the reason. */
export function unopened(path: string, error: unknown, platform: NodeJS.Platform): Failure {
  return new Failure(
    'onnxruntime-unopened',
    `ONNX Runtime cannot be opened (${path}): ${messageOf(error)}`,
    platform === 'win32'
      ? 'Install Microsoft’s Visual C++ Redistributable for x64, which Windows does not always have, and start again.'
      : 'Install Screenfold again; it needs a 64-bit system with glibc 2.28 or newer.',
    error,
  );
}

function load(path: string): Ort {
  const library = opened(path);
  libraries.push(library);
  const base = library.func('OrtGetApiBase', 'void *', [])() as Pointer;
  const [getApi, getVersion] = koffi.decode(base, 'void *', 2) as unknown as [Pointer, Pointer];
  const version = koffi.call(getVersion, koffi.proto('str', [])) as string;
  const table = koffi.call(getApi, koffi.proto('void *', ['uint32_t']), apiVersion) as Pointer | null;
  if (table === null) {
    throw new Failure(
      'onnxruntime-too-old',
      `ONNX Runtime ${version} at ${path} does not know version ${apiVersion} of its C API.`,
      'Install Screenfold again: it brings the version that fits.',
    );
  }
  const slots = Math.max(...Object.values(functions).map(([slot]) => slot)) + 1;
  const addresses = koffi.decode(table, 'void *', slots) as unknown as Pointer[];
  const native = {} as Record<FunctionName, NativeCall>;
  for (const name of Object.keys(functions) as FunctionName[]) {
    const [slot, result, parameters] = functions[name];
    const prototype = koffi.proto(
      koffiTypes[result],
      parameters.map((parameter) => koffiTypes[parameter]),
    );
    native[name] = koffi.decode(addresses[slot]!, prototype) as NativeCall;
  }

  const check = (status: unknown): void => {
    if (status === null) return;
    const code = native.GetErrorCode(status) as number;
    const message = native.GetErrorMessage(status) as string;
    native.ReleaseStatus(status);
    throw new OrtError(code, message);
  };
  let live = 0;
  const underway = new Set<readonly unknown[]>();

  const ort: Ort = {
    version,
    path,
    env: 0n,
    call: (name, ...args) => {
      const result = native[name](...args);
      if (functions[name][1] !== 'status') return result as never;
      check(result);
      return undefined as never;
    },
    callAsync: async (name, ...args) => {
      underway.add(args);
      try {
        const status = await new Promise((resolve, reject) => {
          native[name].async(...args, (error: Error | null, result: unknown) => {
            if (error) reject(error);
            else resolve(result);
          });
        });
        check(status);
      } finally {
        underway.delete(args);
      }
    },
    addressOf: (name) => addresses[functions[name][0]]!,
    check,
    get: (name, ...args) => {
      const out = new BigUint64Array(1);
      check(native[name](...args, out));
      return out[0]!;
    },
    create: (kind, name, ...args) => ort.adopt(kind, ort.get(name, ...args)),
    adopt: (_kind, pointer) => {
      live++;
      return pointer;
    },
    release: (kind, pointer) => {
      native[`Release${kind}`](pointer);
      live--;
    },
    liveObjects: () => live,
  };
  return { ...ort, env: createEnv(ort) };
}

/**
 * With threads that sessions may share. They wait without spinning: alone on a machine, steps took as long either way, and beside
 * other work a fifth of the time.
 */
function createEnv(ort: Omit<Ort, 'env'>): Pointer {
  const threading = ort.create('ThreadingOptions', 'CreateThreadingOptions');
  try {
    ort.call('SetGlobalIntraOpNumThreads', threading, physicalCores());
    ort.call('SetGlobalSpinControl', threading, 0);
    return ort.get('CreateEnvWithGlobalThreadPools', fatalOnly, 'screenfold', threading);
  } finally {
    ort.release('ThreadingOptions', threading);
  }
}
