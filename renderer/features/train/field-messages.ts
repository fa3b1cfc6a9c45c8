import type { z } from 'zod';

import { type RunRequest, runRequestSchema } from '../../../electron/contract/runs.ts';
import { lettersFault } from '../../../electron/contract/word-spec.ts';

/** What is wrong with a request, by the dotted path of the field: `train.epochs`. Empty where it can be sent. */
export function fieldMessages(request: RunRequest): ReadonlyMap<string, string> {
  const parsed = runRequestSchema.safeParse(request);
  const messages = new Map<string, string>();
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.join('.');
    if (!messages.has(path)) messages.set(path, messageOf(issue));
  }
  if (request.method.kind === 'embedding')
    for (const field of ['word', 'initWords'] as const) {
      const fault = lettersFault(request.method[field]);
      if (fault !== null) messages.set(`method.${field}`, fault);
    }
  return messages;
}

/** The message of a field, or of one of its entries where it is a list. */
export function messageAt(messages: ReadonlyMap<string, string>, path: string): string | undefined {
  const exact = messages.get(path);
  if (exact !== undefined) return exact;
  return [...messages].find(([at]) => at.startsWith(`${path}.`))?.[1];
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'Enter a whole number' : 'Enter a number';
    case 'too_small':
      if (issue.origin === 'string') return 'Enter a name';
      if (issue.origin === 'array') return 'Choose at least one';
      return `${issue.inclusive === false ? 'More than' : 'At least'} ${String(issue.minimum)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'Less than' : 'At most'} ${String(issue.maximum)}`;
    default:
      return issue.message;
  }
}
