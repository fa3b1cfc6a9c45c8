/** Every method of the contract asked for anything: each answers or refuses by name, in bounded time and memory. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { type CallName, calls } from '../../electron/contract/api.ts';
import { largestMessage } from '../../electron/hosts/web/page-sockets.ts';
import { readRequest } from '../../electron/studio/dispatch.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { createStudio, type Studio } from '../../electron/studio/studio.ts';
import { Failure } from '../../native/failure.ts';
import { pretendEngine } from '../runs/pretend-engine.ts';
import { bareSurface } from '../studio/bare-surface.ts';
import { asked } from './figures.ts';
import { fuzz, type FuzzCase, ownFolder, serveCases } from './fuzz.ts';
import { damageValue, type Draw, drawnFrom, pick } from './mutate.ts';

const folder = process.argv.includes('--worker') ? ownFolder() : '';
/** Asked so often the library is made anew: much of what is asked removes things. */
const askedOfOne = 4000;

type Node = Readonly<Record<string, unknown>>;

/** What a schema lets in: mostly small, at times as large as it may be. */
function valueOf(draw: Draw, node: Node): unknown {
  const branches = (node.anyOf ?? node.oneOf) as readonly Node[] | undefined;
  if (branches !== undefined) return valueOf(draw, pick(draw, branches));
  if ('const' in node) return node.const;
  if (Array.isArray(node.enum)) return pick(draw, node.enum as readonly unknown[]);
  if (Array.isArray(node.type))
    return valueOf(draw, { ...node, type: pick(draw, node.type as readonly unknown[]) });
  const [low, high] = [Number(node.minimum ?? 0), Number(node.maximum ?? 100)];
  switch (node.type) {
    case 'string': {
      const length = draw() < 0.03 ? Number(node.maxLength ?? 100) : Math.floor(draw() * 12);
      return pick(draw, [
        'fox ',
        '狐',
        'a',
        '%_',
        '(a+)+',
        '../',
        '${x}',
        '"; DROP TABLE image; --',
        'x',
      ]).repeat(Math.max(1, Math.floor(length / 3)));
    }
    case 'array': {
      const most = Number(node.maxItems ?? 3);
      const length = draw() < 0.02 ? Math.min(most, 20_000) : Math.floor(draw() * Math.min(most, 4)) + 1;
      const items = (node.items ?? {}) as Node;
      if (length > 100) return new Array(length).fill(valueOf(draw, items));
      return Array.from({ length }, () => valueOf(draw, items));
    }
    case 'integer':
      return draw() < 0.7 ? Math.max(low, Math.floor(1 + draw() * 3)) : pick(draw, [low, high]);
    case 'number':
      return draw() < 0.7 ? low + draw() : pick(draw, [low, high]);
    case 'boolean':
      return draw() < 0.5;
    case 'object': {
      const required = new Set((node.required ?? []) as readonly string[]);
      const entries = Object.entries((node.properties ?? {}) as Readonly<Record<string, Node>>);
      return Object.fromEntries(
        entries
          .filter(([key]) => required.has(key) || draw() < 0.6)
          .map(([key, inner]) => [key, valueOf(draw, inner)]),
      );
    }
    default:
      return null;
  }
}

async function openCases(): Promise<readonly FuzzCase[]> {
  // Paths that are not absolute come to lie here.
  mkdirSync(join(folder, 'here'));
  process.chdir(join(folder, 'here'));
  let studio: Studio | null = null;
  let left = 0;
  let count = 0;
  const opened = async (): Promise<Studio> => {
    if (studio !== null && left-- > 0) return studio;
    await studio?.close();
    left = askedOfOne;
    studio = await createStudio({
      libraryFolder: join(folder, `library ${count++}`),
      gpuPacks: join(folder, 'packs'),
      engine: pretendEngine({ perStep: 0, perPicture: 0 }).engine,
      surface: bareSurface('web'),
      version: '0.0.0-hard',
      resources: resourcesOf(fileURLToPath(new URL('../../resources', import.meta.url))),
      checkOutput: true,
    });
    return studio;
  };
  await opened();
  const names = Object.keys(calls) as CallName[];
  return names.map((method): FuzzCase => {
    const schema = z.toJSONSchema(calls[method].input, { io: 'input', unrepresentable: 'any' }) as Node;
    return {
      name: method,
      run: async (seed) => {
        const draw = drawnFrom(seed);
        const valid = valueOf(draw, schema);
        const input = draw() < 0.65 ? valid : damageValue(draw, valid);
        // As it comes over a socket.
        const text = textOf({ type: 'call', id: 1, method, input });
        if (text === null || text.length > largestMessage)
          throw new Failure('message-too-large', 'It is too large.', 'Send less.');
        const message = JSON.parse(text) as unknown;
        const request = readRequest(message);
        const answer = request?.type === 'call' ? await (await opened()).dispatch(request) : request;
        if (answer?.type !== 'failed') return answer;
        const { code, message: words, hint } = answer.failure;
        if (code === 'internal')
          throw new Error(`${words} Asked with ${JSON.stringify(input).slice(0, 500)}`);
        throw new Failure(code, words, hint);
      },
    };
  });
}

/** Null where there are more letters than a text can have. */
function textOf(message: object): string | null {
  try {
    return JSON.stringify(message);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

if (process.argv.includes('--worker')) await serveCases(openCases);
else {
  const { count, seed } = asked(100_000);
  await fuzz(basename(import.meta.filename, '.ts'), import.meta.filename, count, seed);
}
