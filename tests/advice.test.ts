import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { scanFolder } from '../electron/datasets/files/folder-scan.ts';
import { readTextFile as readCaptions } from '../electron/datasets/files/text-file.ts';
import { planSources } from '../electron/datasets/import/sources.ts';
import { shownType } from '../electron/library/shown-type.ts';
import { readBaseFacts } from '../electron/runs/base-model.ts';
import { readRunSpec } from '../electron/runs/read-run-spec.ts';
import { readRun } from '../electron/runs/run-folder.ts';
import { browse } from '../electron/studio/browse.ts';
import { Failure } from '../native/failure.ts';
import { asFailure, expectedFailure } from '../native/files/as-failure.ts';
import { makeFolder, writeFileAtomic } from '../native/files/atomic-file.ts';
import { readJsonObject } from '../native/files/json-file.ts';
import { obstacleOf } from '../native/files/obstacle.ts';
import { readImageSize } from '../native/images/decode.ts';
import { readPngText } from '../native/images/png.ts';
import { openSafetensors } from '../native/weights/safetensors.ts';
import { failureOf } from './runs/failure-of.ts';
import { temporaryFolder } from './runs/temporary-folder.ts';

type Read = (path: string) => Promise<unknown>;

/** Whatever reads a file that people choose, move and change. */
const fileReaders: Readonly<Record<string, Read>> = {
  'a JSON file of a model': readJsonObject,
  'a safetensors file': openSafetensors,
  'an image': readImageSize,
  'a file of captions': readCaptions,
  'a run file': (path) => readRunSpec(path, []),
  'a picture to be shown': shownType,
  "a PNG's texts": readPngText,
};

/** And whatever reads a folder. */
const folderReaders: Readonly<Record<string, Read>> = {
  'a folder of images': (path) => scanFolder(path),
  'what was dropped': (path) => planSources([path]),
  'a base model': readBaseFacts,
  'a list of a folder': (path) => browse(path, { home: '/', platform: process.platform }),
};

const situations = {
  'is gone': (path: string) => path,
  'lies under a file': (path: string) => {
    writeFileSync(path, 'a file');
    return join(path, 'below.png');
  },
  'is a folder': (path: string) => {
    mkdirSync(path);
    return path;
  },
  'is a circle of links': (path: string) => {
    symlinkSync(path, path);
    return path;
  },
  'is empty': (path: string) => {
    writeFileSync(path, '');
    return path;
  },
  'is damaged': (path: string) => {
    writeFileSync(path, Buffer.from('{"broken": of \xff\xfe no kind', 'latin1'));
    return path;
  },
  'is too large': (path: string) => {
    writeFileSync(path, '{');
    truncateSync(path, 3 * 2 ** 30);
    return path;
  },
} as const;
type Situation = keyof typeof situations;

/** What helps, and what would not. */
const helps: Readonly<Record<Situation, readonly [helpful: RegExp, useless: RegExp]>> = {
  'is gone': [/put it back|path|Choose|--base/i, /permission|image editor|save it|get it again/i],
  'lies under a file': [/path/i, /permission|image editor|save it|get it again/i],
  'is a folder': [/file|path/i, /permission|image editor|save it|drive/i],
  'is a circle of links': [/place of the link/, /permission|image editor|save it|get it again/i],
  'is empty': [/again|PNG file|JSON needs/i, /permission|image editor|drive/i],
  'is damaged': [/again|PNG file|JSON needs|UTF-8/i, /permission|drive/i],
  'is too large': [/right one|smaller|several files|again|PNG file/i, /permission|drive|save it/i],
};

/** What a reader makes nothing of: a file that need not be there, one whose start tells all, a text that may be empty. */
const nothingWrong = new Set([
  'a JSON file of a model: is gone',
  'a picture to be shown: is empty',
  'a picture to be shown: is damaged',
  'a picture to be shown: is too large',
  'a file of captions: is empty',
  // Read whole; a text of that size is not meant to be read as one.
  'a run file: is too large',
]);

/** A code of the system's, but not the letters that a folder's name ends in by chance. */
const unadvised = /\bE[A-Z]{4,}\b(?!\/)|fault in Screenfold/;

function placed(situation: Situation): string {
  return situations[situation](join(temporaryFolder(), 'fox.png'));
}

async function adviceOf(read: Read, path: string): Promise<Failure> {
  const failure = await failureOf(read(path));
  expect(failure.message).toContain(basename(path));
  return failure;
}

describe.each(Object.entries(fileReaders))('%s', (reader, read) => {
  const cases = (Object.keys(situations) as Situation[]).filter(
    (situation) => !nothingWrong.has(`${reader}: ${situation}`),
  );
  test.each(cases)('that %s comes with advice that helps', async (situation) => {
    const { message, hint } = await adviceOf(read, placed(situation));
    const [helpful, useless] = helps[situation];
    expect(`${message} ${hint}`).toMatch(helpful);
    expect(hint).not.toMatch(useless);
    expect(message).not.toMatch(unadvised);
  });
});

describe.each(Object.entries(folderReaders))('%s', (_reader, read) => {
  test.each(['is gone', 'lies under a file', 'is a circle of links'] as const)(
    'that %s comes with advice that helps',
    async (situation) => {
      const { message, hint } = await adviceOf(read, placed(situation));
      expect(hint).toMatch(situation === 'is a circle of links' ? /link/ : /folder|path|put it back|link/i);
      expect(hint).not.toMatch(/permission|image editor|save it/i);
      expect(message).not.toMatch(unadvised);
    },
  );
});

test('a run whose run.json is a folder is told to be that, and not to be damaged', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'run.json'));
  const { message, hint } = await failureOf(readRun(folder));
  expect(message).toBe(`${join(folder, 'run.json')} cannot be read: it is a folder.`);
  expect(hint).toContain('file');
});

describe('what may not be read', () => {
  const denied = (code: string) =>
    Object.assign(new Error(`${code}: permission denied, open 'fox.png'`), { code, path: 'fox.png' });

  test.each(['EACCES', 'EPERM'])('has its permissions changed, not another chosen (%s)', (code) => {
    for (const wanted of ['file', 'folder'] as const) {
      expect(obstacleOf(denied(code), wanted)).toEqual({
        reason: 'permission denied',
        hint: 'Change its permissions, and try again.',
      });
    }
  });

  test('is no fault of the program wherever it comes up', () => {
    expect(asFailure(denied('EACCES'), 'fault')).toMatchObject({
      code: 'file-unusable',
      message: 'fox.png cannot be used: permission denied.',
      hint: 'Change its permissions, and try again.',
    });
  });
});

describe('other errors of the operating system', () => {
  test.each([
    ['EMFILE', /Close other programs/],
    ['ENFILE', /Close other programs/],
    ['EBUSY', /Close the programs/],
    ['ENOMEM', /Close other programs/],
    ['EIO', /drive is connected/],
    ['ESTALE', /drive is connected/],
    ['ENAMETOOLONG', /shorter path/],
  ])('%s says what helps', (code, advice) => {
    const error = Object.assign(new Error(`${code}: something`), { code });
    expect(obstacleOf(error)?.hint).toMatch(advice);
  });

  test('are not guessed at where the code says nothing, nor where it is no error of theirs', () => {
    expect(obstacleOf(Object.assign(new Error('EINVAL: invalid'), { code: 'EINVAL' }))).toBeNull();
    expect(obstacleOf(new Error('ENOENT'))).toBeNull();
    expect(expectedFailure(new TypeError('x is not a function'))).toBeNull();
  });
});

describe('writing where it cannot be', () => {
  test('says what is in the way', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'a.txt');
    writeFileSync(file, '');
    mkdirSync(join(folder, 'b'));
    mkdirSync(join(folder, 'b', 'inside'));
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    const hintOf = async (promise: Promise<unknown>) => (await failureOf(promise)).hint;
    expect(await hintOf(makeFolder(file))).toContain('Something else has that name');
    expect(await hintOf(makeFolder(join(file, 'below')))).toContain('is a file, not a folder');
    expect(await hintOf(writeFileAtomic(join(file, 'below'), ''))).toContain('is a file, not a folder');
    expect(await hintOf(writeFileAtomic(join(folder, 'b'), ''))).toContain('A folder has that name');
    expect(await hintOf(writeFileAtomic(join(folder, 'gone', 'a'), ''))).toContain('create it');
    expect(await hintOf(writeFileAtomic(join(folder, 'loop', 'a'), ''))).toContain('circle');
    expect(await hintOf(writeFileAtomic(join(folder, 'x'.repeat(300)), ''))).toContain('shorter');
  });
});

test('memory that is not to be had is told as that', () => {
  const allocate = (bytes: number) => {
    try {
      return new Uint8Array(bytes);
    } catch (error) {
      return error;
    }
  };
  for (const bytes of [2 ** 60, 1e300]) {
    const failure = expectedFailure(allocate(bytes));
    expect(failure?.code).toBe('out-of-memory');
    expect(failure?.hint).toContain('lower LoRA rank');
  }
  expect(expectedFailure(new RangeError('Maximum call stack size exceeded'))).toBeNull();
  expect(expectedFailure(new Failure('a', 'b', 'c'))?.code).toBe('a');
});
