import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { fewestVariants, mostAltered, mostVariants } from '../../electron/contract/augmentation-spec.ts';
import { defaultLearningRatesText } from '../../electron/contract/learning-rates.ts';
import { validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import { runSpecSchema, usualCheckpoints } from '../../electron/contract/run-spec.ts';

const guide = readFileSync(new URL('../../docs/run-file.md', import.meta.url), 'utf8');

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly oneOf?: readonly Node[];
}

/** Dotted paths of every key that holds no object with keys of its own. */
function keysOf(node: Node, path: string): readonly string[] {
  const branches = node.oneOf ?? [node];
  const keys = branches.flatMap((branch) =>
    Object.entries(branch.properties ?? {}).flatMap(([key, inner]) =>
      keysOf(inner, path === '' ? key : `${path}.${key}`),
    ),
  );
  return keys.length > 0 ? [...new Set(keys)] : [path];
}

describe('the guide to the run file', () => {
  const keys = keysOf(z.toJSONSchema(runSpecSchema, { io: 'input' }) as Node, '');

  test('names every key there is', () => {
    expect(keys.length).toBeGreaterThan(40);
    expect(keys.filter((key) => !guide.includes(`\`${key}\``))).toEqual([]);
  });

  test('says how far images may be altered', () => {
    const row = (key: string) =>
      guide.split('\n').find((line) => line.includes(`\`train.augmentation.${key}\``)) ?? '';
    expect(row('variants')).toContain(`${fewestVariants} to ${mostVariants}`);
    for (const [key, most] of Object.entries(mostAltered))
      expect(row(key), key).toMatch(new RegExp(`up to ${most}\\b`));
  });

  test('names no key there is not', () => {
    const named = [...guide.matchAll(/`((?:data|method|train|samples|device)\.[\w.]+)`/g)].map(
      (match) => match[1]!,
    );
    expect(named.filter((key) => !keys.includes(key))).toEqual([]);
  });

  test.each([
    ['train.learningRate', defaultLearningRatesText((kind) => `\`${kind}\``)],
    ['train.checkpoints', usualCheckpoints.join(', ')],
  ])('says what %s is where a run file says nothing', (key, usual) => {
    const row = guide.split('\n').find((line) => line.includes(`\`${key}\``)) ?? '';
    expect(row.split('|').map((cell) => cell.trim())).toContain(usual);
  });

  test('shows an example that is valid', () => {
    const example = /```json\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
    expect(validateRunSpec(JSON.parse(example), 'the example').name).toBe('fox style');
  });
});
