/** How a text is written token by token; the numbers are those of transformers' `generate`. */
export interface TextSettings {
  /** Tokens that it begins with and that are no part of it. */
  readonly prompt: readonly number[];
  /** Tokens that end it. */
  readonly ends: readonly number[];
  /** Most tokens after the prompt, the end among them. */
  readonly longest: number;
  /** Sentences followed at once; 1: the likeliest token each time. */
  readonly beams: number;
  /** Exponent of the length that the score of a sentence is divided by. */
  readonly lengthPenalty: number;
  /** Whether as many finished sentences as beams are enough, or better ones are waited for. */
  readonly earlyStopping: boolean;
  /** No sequence of so many tokens comes twice; 0: they may. */
  readonly noRepeat: number;
  /** What the first token, and the last that there is room for, have to be; null: anything. */
  readonly forcedFirst: number | null;
  readonly forcedLast: number | null;
}

/**
 * The logits of what comes after each sequence, as many as there are words to choose from. All are of one length and one
 * longer than before; `parents` says which of the last call's each goes on from, null at first.
 */
export type NextTokens = (
  sequences: readonly (readonly number[])[],
  parents: readonly number[] | null,
) => Promise<readonly Float32Array[]>;

/** Tokens of a text, prompt and end among them. */
export function generateText(next: NextTokens, settings: TextSettings): Promise<readonly number[]> {
  return settings.beams === 1 ? greedily(next, settings) : byBeams(next, settings);
}

async function greedily(next: NextTokens, settings: TextSettings): Promise<readonly number[]> {
  const { prompt, ends, longest } = settings;
  let tokens: readonly number[] = prompt;
  for (let step = 0; step < longest; step++) {
    const [logits] = await next([tokens], step === 0 ? null : [0]);
    const token = likeliest(allowed(Float64Array.from(logits!), tokens, settings));
    tokens = [...tokens, token];
    if (ends.includes(token)) break;
  }
  return tokens;
}

interface Sentence {
  readonly tokens: readonly number[];
  readonly score: number;
}

interface Candidate extends Sentence {
  readonly parent: number;
  readonly ended: boolean;
}

/** Beam search, with the order and the conditions of transformers' own. */
async function byBeams(next: NextTokens, settings: TextSettings): Promise<readonly number[]> {
  const { prompt, ends, longest, beams, lengthPenalty, earlyStopping } = settings;
  const kept = Math.max(2, 1 + ends.length) * beams;
  const scoreAt = (score: number, length: number) => score / (length - prompt.length) ** lengthPenalty;
  let running: readonly Sentence[] = Array.from({ length: beams }, (_, at) => ({
    tokens: prompt,
    score: at === 0 ? 0 : -Infinity,
  }));
  let parents: readonly number[] | null = null;
  let finished: readonly Sentence[] = [];
  for (let step = 0; step < longest; step++) {
    const rows = await next(
      running.map(({ tokens }) => tokens),
      parents,
    );
    const candidates = bestContinuations(running, rows, kept, settings).map((one): Candidate => ({
      ...one,
      ended: ends.includes(one.tokens.at(-1)!) || step + 1 === longest,
    }));
    const goOn = candidates.filter(({ ended }) => !ended).slice(0, beams);
    if (!(earlyStopping && finished.length === beams)) {
      const fresh = candidates
        .slice(0, beams)
        .filter(({ ended }) => ended)
        .map(({ tokens, score }) => ({ tokens, score: scoreAt(score, tokens.length) }));
      finished = [...finished, ...fresh].sort((a, b) => b.score - a.score).slice(0, beams);
    }
    const length = prompt.length + step + 1;
    const isFull = finished.length === beams;
    const best = goOn[0];
    if (best === undefined || (isFull && earlyStopping)) break;
    if (isFull && scoreAt(best.score, length) <= finished.at(-1)!.score) break;
    // Where fewer go on than there are beams, the last stands in for those missing, and is never chosen.
    running = Array.from({ length: beams }, (_, at) => goOn[at] ?? { ...best, score: -Infinity });
    parents = Array.from({ length: beams }, (_, at) => (goOn[at] ?? best).parent);
  }
  return (finished[0] ?? running[0]!).tokens;
}

function bestContinuations(
  running: readonly Sentence[],
  rows: readonly Float32Array[],
  count: number,
  settings: TextSettings,
): readonly Omit<Candidate, 'ended'>[] {
  const best: { score: number; parent: number; token: number }[] = [];
  running.forEach(({ tokens, score }, parent) => {
    if (score === -Infinity) return;
    const logs = allowed(logSoftmax(rows[parent]!), tokens, settings);
    for (const [token, log] of logs.entries()) {
      const sum = score + log;
      if (sum === -Infinity || (best.length === count && sum <= best.at(-1)!.score)) continue;
      const place = best.findIndex((one) => one.score < sum);
      best.splice(place === -1 ? best.length : place, 0, { score: sum, parent, token });
      if (best.length > count) best.pop();
    }
  });
  return best.map(({ score, parent, token }) => ({
    score,
    parent,
    tokens: [...running[parent]!.tokens, token],
  }));
}

/** Takes out, in place, what may not come after these tokens. */
function allowed(scores: Float64Array, tokens: readonly number[], settings: TextSettings): Float64Array {
  const { prompt, longest, noRepeat, forcedFirst, forcedLast } = settings;
  for (const token of repeated(tokens, noRepeat)) scores[token] = -Infinity;
  const written = tokens.length - prompt.length;
  const forced = tokens.length === 1 ? forcedFirst : written === longest - 1 ? forcedLast : null;
  if (forced !== null) scores.fill(-Infinity).fill(0, forced, forced + 1);
  return scores;
}

/** Tokens that would complete a sequence of this length that is there already. */
function repeated(tokens: readonly number[], length: number): readonly number[] {
  if (length < 1 || tokens.length < length) return [];
  const end = tokens.slice(tokens.length - length + 1);
  return tokens.flatMap((token, at) => {
    const before = tokens.slice(at - length + 1, at);
    return at >= length - 1 && before.every((one, place) => one === end[place]) ? [token] : [];
  });
}

function logSoftmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((max, value) => Math.max(max, value), -Infinity);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - most);
  const base = most + Math.log(sum);
  return Float64Array.from(logits, (value) => value - base);
}

function likeliest(scores: Float64Array): number {
  let best = 0;
  for (let at = 1; at < scores.length; at++) if (scores[at]! > scores[best]!) best = at;
  return best;
}
