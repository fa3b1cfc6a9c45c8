import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { requestSchema } from '../../electron/connection/protocol.ts';
import { type CallName, calls } from '../../electron/contract/api.ts';
import { explainIssues } from '../../electron/contract/explain-issues.ts';
import { nearest } from '../../electron/contract/nearest.ts';
import { runSpecSchema } from '../../electron/contract/run-spec.ts';

type Node = Readonly<Record<string, unknown>>;

/** Row ids and seeds alone may be any number there is, for nothing grows with them. */
const anyNumber = /(^|\.)(seed|seeds\[\]|id)$/;

/** Every string, list and number that a schema lets in without a limit, by its path. */
function unbounded(node: Node, path: string): readonly string[] {
  const branches = [node.anyOf, node.oneOf, node.allOf].flatMap((list) => (list ?? []) as readonly Node[]);
  if (branches.length > 0) return branches.flatMap((branch) => unbounded(branch, path));
  if (Array.isArray(node.type))
    return node.type.flatMap((type) => unbounded({ ...node, type: type as unknown }, path));
  if ('const' in node || 'enum' in node) return [];
  switch (node.type) {
    case 'string':
      return typeof node.maxLength === 'number' ? [] : [`${path} (text)`];
    case 'array':
      return [
        ...(typeof node.maxItems === 'number' ? [] : [`${path} (list)`]),
        ...unbounded((node.items ?? {}) as Node, `${path}[]`),
      ];
    case 'integer':
    case 'number': {
      const [low, high] = [node.minimum ?? node.exclusiveMinimum, node.maximum ?? node.exclusiveMaximum];
      const isBounded =
        typeof low === 'number' &&
        typeof high === 'number' &&
        low > -Number.MAX_SAFE_INTEGER &&
        (high < Number.MAX_SAFE_INTEGER || anyNumber.test(path));
      return isBounded ? [] : [`${path} (number)`];
    }
    case 'object': {
      const inner = Object.entries((node.properties ?? {}) as Readonly<Record<string, Node>>);
      const rest = typeof node.additionalProperties === 'object' ? [`${path} (any keys)`] : [];
      return [
        ...rest,
        ...inner.flatMap(([key, value]) => unbounded(value, path === '' ? key : `${path}.${key}`)),
      ];
    }
    case 'boolean':
    case 'null':
      return [];
    default:
      return [`${path} (anything)`];
  }
}

function schemaOf(schema: z.ZodType): Node {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

describe('what the studio can be asked', () => {
  test.each(Object.keys(calls) as CallName[])('%s takes nothing without a limit', (method) => {
    expect(unbounded(schemaOf(calls[method].input), '')).toEqual([]);
  });

  test('in a run file has limits as well, and the call around it', () => {
    expect(unbounded(schemaOf(runSpecSchema), '')).toEqual([]);
    expect(unbounded(schemaOf(requestSchema), '')).toEqual(['input (anything)']);
  });

  test('without a limit is found, wherever it is', () => {
    const open = z.strictObject({
      a: z.array(z.strictObject({ b: z.string().nullable() })).max(3),
      c: z.union([z.array(z.int().min(0).max(1)), z.literal('x')]),
      d: z.number().min(0),
      e: z.record(z.string().max(1), z.boolean()),
      f: z.unknown(),
    });
    expect(unbounded(schemaOf(open), '')).toEqual([
      'a[].b (text)',
      'c (list)',
      'd (number)',
      'e (any keys)',
      'f (anything)',
    ]);
  });
});

/** Milliseconds of the processor's own: what else the machine does is left out. */
function took(act: () => unknown): number {
  const began = process.threadCpuUsage();
  act();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1000;
}

describe('what cannot be taken is refused in no time', () => {
  const refusal = (method: CallName, input: unknown): string => {
    const { input: schema } = calls[method];
    const parsed = schema.safeParse(input);
    if (parsed.success) throw new Error('it was taken');
    return explainIssues(parsed.error.issues, input, schema).join('; ');
  };

  test.each<[string, CallName, () => unknown, string]>([
    [
      'a million of what are no ids',
      'datasets.exclude',
      () => ({ imageIds: new Array(1_000_000).fill(''), excluded: true }),
      'imageIds: must hold ids alone',
    ],
    [
      'millions of ids',
      'datasets.exclude',
      () => ({ imageIds: new Array(5_000_000).fill(1), excluded: true }),
      'imageIds: must have at most 1000000 of them',
    ],
    [
      'a search of 5,000 words',
      'datasets.imageIds',
      () => ({ datasetId: 1, query: { search: 'word '.repeat(5000) } }),
      'query.search: must have at most 500 characters, has 25000',
    ],
    [
      'a search of many short words',
      'datasets.imageIds',
      () => ({ datasetId: 1, query: { search: 'a b '.repeat(100) } }),
      'query.search: must be at most 32 words',
    ],
    [
      'a seed that is not a whole number to a computer',
      'gallery.generate',
      () => ({
        model: { kind: 'model', modelId: 1 },
        prompt: 'fox',
        seeds: [2 ** 53],
        recipe: { sampler: 'ddim', steps: 1, guidanceScale: 1, width: 64, height: 64 },
      }),
      'seeds[0]: must be at most 9007199254740991, is 9007199254740992',
    ],
    [
      'a LoRA of rank a billion',
      'runs.plan',
      () => ({ request: { method: { kind: 'lora', rank: 1e9 } } }),
      'request.method.rank: must be at most 16384, is 1000000000',
    ],
    [
      'a sheet of 5,000 by 5,000',
      'exports.sheet',
      () => ({
        layout: {
          ...{ runIds: [1], columns: 'seed', rows: 'epoch', prompts: [{ prompt: 'a' }] },
          epochs: new Array(5000).fill(1),
          seeds: new Array(5000).fill(1),
        },
      }),
      'layout.epochs: must have at most 1000 of them; layout.seeds: must have at most 1000 of them',
    ],
    [
      'a sheet of 1,000 by 1,000',
      'exports.sheet',
      () => ({
        layout: {
          ...{ runIds: [1], columns: 'seed', rows: 'epoch', prompts: [{ prompt: 'a' }] },
          epochs: new Array(1000).fill(1),
          seeds: new Array(1000).fill(1),
        },
      }),
      'layout: must be of at most 4000 pictures',
    ],
    [
      'a hundred thousand keys',
      'system.settings',
      () => Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`theme${at}`, 1])),
      'and 99980 more',
    ],
    [
      'ten thousand captions that are none',
      'captions.write',
      () => ({ captionSetId: 1, captions: new Array(10_000).fill(1) }),
      'and 9980 more',
    ],
  ])('%s', (_what, method, input, words) => {
    const given = input();
    let said = '';
    expect(took(() => (said = refusal(method, given)))).toBeLessThan(1500);
    expect(said).toContain(words);
    expect(said.length).toBeLessThan(10_000);
  });

  test('a method name of two megabytes', () => {
    const name = 'datasets.'.repeat(220_000);
    expect(took(() => nearest(name, Object.keys(calls)))).toBeLessThan(100);
    const message = { type: 'call', id: 1, method: name };
    const { error } = requestSchema.safeParse(message);
    const said = explainIssues(error!.issues, message, requestSchema).join('; ');
    expect(said).toBe(`method: must have at most 200 characters, has ${name.length}`);
  });

  test('while as many ids as a data set may have are taken', () => {
    const imageIds = Array.from({ length: 1_000_000 }, (_, at) => at + 1);
    let taken = false;
    const parse = () =>
      (taken = calls['datasets.exclude'].input.safeParse({ imageIds, excluded: true }).success);
    expect(took(parse)).toBeLessThan(3000);
    expect(taken).toBe(true);
  });
});
