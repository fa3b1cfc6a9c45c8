import { createContext, Script } from 'node:vm';

import { Failure, messageOf } from '../../../native/failure.ts';

export interface FindOptions {
  readonly find: string;
  readonly replace: string;
  readonly regularExpression: boolean;
  readonly matchCase: boolean;
  readonly wholeWord: boolean;
}

export interface Replaced {
  /** Place in the list of texts. */
  readonly place: number;
  readonly text: string;
  readonly matches: number;
}

/** Captions looked through at a time; an expression that takes a second for them is one that backtracks without end. */
const chunk = 2000;
const chunkMilliseconds = 1000;
const maxLength = 20_000;

/**
 * Replaces in every text; those without a match are left out. Runs where it can be stopped: one careless expression
 * must not hang the program.
 * @param replace for a regular expression, `$1` and `$<name>` stand for its groups
 * @throws Failure `find-invalid`: not a regular expression; `find-slow`; `replace-too-long`: a caption would become
 * absurdly long
 */
export function replaceAll(texts: readonly string[], options: FindOptions): readonly Replaced[] {
  const expression = compile(options);
  const replacement = options.regularExpression
    ? options.replace
    : options.replace.replaceAll('$', () => '$$');
  const context = createContext({ texts, expression, replacement, maxLength, found: [] as Replaced[] });
  const deadline = performance.now() + 2 * chunkMilliseconds + texts.length / 20;
  let tooLong: unknown = false;
  try {
    for (let from = 0; from < texts.length && tooLong === false; from += chunk) {
      Object.assign(context, { from, to: Math.min(texts.length, from + chunk) });
      const left = Math.ceil(deadline - performance.now());
      tooLong = loop.runInContext(context, { timeout: Math.max(1, Math.min(chunkMilliseconds, left)) });
    }
  } catch (cause) {
    throw new Failure(
      'find-slow',
      `'${options.find}' takes too long on these captions.`,
      'A repetition inside another, as in (a+)+, can take for ever. Write it more simply.',
      cause,
    );
  }
  if (tooLong === true) {
    throw new Failure(
      'replace-too-long',
      `A caption would become longer than ${maxLength} characters.`,
      'Replace with a shorter text.',
    );
  }
  return context.found as readonly Replaced[];
}

const loop = new Script(`
  (() => {
    for (let place = from; place < to; place++) {
      const before = texts[place];
      const matches = before.match(expression);
      if (matches === null) continue;
      if (matches.length * replacement.length > maxLength) return true;
      const text = before.replace(expression, replacement);
      if (text.length > maxLength) return true;
      found.push({ place, text, matches: matches.length });
    }
    return false;
  })()
`);

function compile({ find, regularExpression, matchCase, wholeWord }: FindOptions): RegExp {
  const source = regularExpression ? find : find.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const letter = '[\\p{L}\\p{M}\\p{N}_]';
  const whole = wholeWord ? `(?<!${letter})(?:${source})(?!${letter})` : source;
  try {
    return new RegExp(whole, matchCase ? 'gu' : 'giu');
  } catch (cause) {
    throw new Failure(
      'find-invalid',
      `'${find}' is not a regular expression: ${reason(cause)}`,
      'Check its brackets and backslashes, or search for it as plain text.',
      cause,
    );
  }
}

function reason(cause: unknown): string {
  const message = messageOf(cause);
  return message.split(': ').at(-1) ?? message;
}
