import { z } from 'zod';

import { nearest } from './nearest.ts';

/** The parts of a JSON Schema that tell which keys an object may have. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly const?: unknown;
}

/**
 * One line for a person per thing that is wrong: where, what, and what is meant instead where that can be guessed.
 * `value` is what was validated, `schema` what it was validated against.
 */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  schema: z.ZodType,
): readonly string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  const told = withoutWider(issues);
  const lines = told.slice(0, mostLines).flatMap((issue) => {
    const given = valueAt(value, issue.path);
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(root, value, issue.path);
      return issue.keys
        .slice(0, mostLines)
        .map((key) => `${pathText([...issue.path, key])}: ${unknownKey(key, known)}`);
    }
    return [`${pathText(issue.path)}: ${explain(issue, given)}`];
  });
  const count = told.reduce(
    (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
    0,
  );
  return count <= mostLines ? lines : [...lines.slice(0, mostLines), `and ${count - mostLines} more`];
}

/** A number beyond two limits is told the narrower one alone: every whole number has one besides its own. */
function withoutWider(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  return issues.filter(
    (issue, index) =>
      issue.code !== 'too_big' ||
      !issues.some(
        (other, at) =>
          other.code === 'too_big' &&
          pathText(other.path) === pathText(issue.path) &&
          (other.maximum < issue.maximum || (other.maximum === issue.maximum && at < index)),
      ),
  );
}

/** More of them nobody reads. */
const mostLines = 20;

function explain(issue: z.core.$ZodIssue, given: unknown): string {
  if (issue.code === 'invalid_union' && issue.errors.length === 0) {
    const options = (issue as { options?: readonly unknown[] }).options ?? [];
    return given === undefined ? `is missing; ${oneOf(options)}` : choice(options, given);
  }
  if (given === undefined) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeText(issue.expected)}, is ${shown(given)}`;
    case 'invalid_value':
      return choice(issue.values, given);
    case 'too_small':
      return limit(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum, given);
    case 'too_big':
      return limit(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum, given);
    default:
      return `${issue.message}, is ${shown(given)}`;
  }
}

function choice(options: readonly unknown[], given: unknown): string {
  const guess = typeof given === 'string' ? nearest(given, options.map(String)) : null;
  const meant = guess === null ? '' : `; did you mean "${guess}"?`;
  return `${oneOf(options)}, is ${shown(given)}${meant}`;
}

function oneOf(options: readonly unknown[]): string {
  return options.length === 1
    ? `must be ${JSON.stringify(options[0])}`
    : `must be one of ${options.map((option) => JSON.stringify(option)).join(', ')}`;
}

function limit(origin: string, relation: string, bound: number | bigint, given: unknown): string {
  if (origin === 'string' && typeof given === 'string' && given.length > Number(bound))
    return `must have ${relation} ${String(bound)} characters, has ${given.length}`;
  if (origin === 'string') return 'must not be empty';
  if (origin === 'array') return `must have ${relation} ${String(bound)} of them`;
  return `must be ${relation} ${String(bound)}, is ${shown(given)}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  if (guess !== null) return `there is no such key; did you mean "${guess}"?`;
  return `there is no such key; there are ${known.map((name) => `"${name}"`).join(', ')}`;
}

function typeText(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    int: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
  };
  return names[expected] ?? expected;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const json = JSON.stringify(typeof value === 'string' ? value.slice(0, 100) : value) as string | undefined;
  return json === undefined ? String(value) : json.length > 60 ? `${json.slice(0, 57)}…` : json;
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (whole, key) =>
      whole + (typeof key === 'number' ? `[${key}]` : `${whole === '' ? '' : '.'}${String(key)}`),
    '',
  );
  if (text.length > 200) return `${text.slice(0, 200)}…`;
  return text === '' ? 'the whole' : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

function keysAt(root: SchemaNode, value: unknown, path: readonly PropertyKey[]): readonly string[] {
  let nodes = alternatives(root, value);
  let at = value;
  for (const key of path) {
    at = valueAt(at, [key]);
    nodes = nodes
      .map((node) => (typeof key === 'number' ? node.items : node.properties?.[String(key)]))
      .filter((node) => node !== undefined)
      .flatMap((node) => alternatives(node, at));
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** Of a union's branches those that can be meant: where one is told by its `kind`, that one alone. */
function alternatives(node: SchemaNode, value: unknown): readonly SchemaNode[] {
  const branches = node.anyOf ?? node.oneOf;
  if (branches === undefined) return [node];
  const kind = valueAt(value, ['kind']);
  const told = branches.filter((branch) => kind !== undefined && branch.properties?.kind?.const === kind);
  return told.length > 0 ? told : branches;
}
