import { allocate, elementCount } from '../graph/data-type.ts';
import type { HostTensor, Runtime, Session, Slot } from '../runtime/runtime.ts';
import type { NextTokens } from './generate-text.ts';
import { asFloats, integers, ones, runGraph, takeRows } from './host-tensors.ts';
import { unsupported } from './unsupported.ts';

/** What makes numbers of tokens, where a decoder takes no tokens itself: `[rows, length]` to `[rows, length, width]`. */
export type EmbedTokens = (rows: readonly (readonly number[])[]) => Promise<HostTensor>;

/** The decoder of a model that writes: what comes next, seen what was made of the picture. */
export interface Decoder {
  /** Begins a text over `states`, `[1, length, width]`, of the picture. */
  readonly begin: (states: HostTensor) => NextTokens;
}

/** What its inputs may be called, by what is to be put there. */
const inputNames = {
  tokens: ['input_ids', 'decoder_input_ids'],
  embeddings: ['inputs_embeds', 'decoder_inputs_embeds'],
  mask: ['attention_mask', 'decoder_attention_mask'],
  states: ['encoder_hidden_states', 'encoder_outputs', 'image_embeds', 'last_hidden_state'],
  statesMask: ['encoder_attention_mask', 'image_attention_mask'],
  positions: ['position_ids'],
  useCache: ['use_cache_branch'],
} as const;
type Role = keyof typeof inputNames;

const isPast = ({ name }: Slot) => name.startsWith('past_key_values');

/**
 * Where a decoder takes what it made of earlier tokens (`past_key_values`), that is kept and it is given the newest token
 * alone; where it does not, it is given all of them each time.
 * @throws Failure `captioner-unsupported`, also where what it gives is not finite
 */
export function openDecoder(
  runtime: Runtime,
  session: Session,
  path: string,
  embed: EmbedTokens | null,
): Decoder {
  const names = namesOf(session, path, embed !== null);
  const logits = session.outputs.find(({ name }) => name === 'logits') ?? session.outputs[0];
  if (logits === undefined) throw unsupported(path, 'it gives nothing');
  const past = session.inputs.filter(isPast);
  const presents = past.map(({ name }) => presentOf(session, name, path));
  return {
    begin: (states) => {
      let cache: ReadonlyMap<string, HostTensor> | null = null;
      return async (sequences, parents) => {
        const rows = sequences.length;
        const fed = cache === null ? sequences : sequences.map((tokens) => tokens.slice(-1));
        const given: Record<string, HostTensor> = {};
        const put = async (role: Role, make: () => HostTensor | Promise<HostTensor>): Promise<void> => {
          const name = names[role];
          if (name !== undefined) given[name] = await make();
        };
        const length = fed[0]!.length;
        const whole = sequences[0]!.length;
        await put('tokens', () => integers([rows, length], fed.flat()));
        if (embed !== null) await put('embeddings', () => embed(fed));
        await put('mask', () => ones([rows, whole]));
        await put('states', () =>
          takeRows(
            states,
            Array.from(fed, () => 0),
          ),
        );
        await put('statesMask', () => ones([rows, states.shape[1]!]));
        await put('positions', () =>
          integers(
            [rows, length],
            fed.flatMap(() => Array.from({ length }, (_, at) => whole - length + at)),
          ),
        );
        await put('useCache', () => ({
          type: 'bool',
          shape: [1],
          data: Uint8Array.of(cache === null ? 0 : 1),
        }));
        for (const slot of past) {
          const kept = cache?.get(slot.name);
          given[slot.name] =
            kept === undefined ? nothingPast(slot, rows, path) : takeRows(kept, parents ?? []);
        }
        const answer = await runGraph(runtime, session, given, [logits.name, ...presents]);
        if (past.length > 0) cache = newCache(past, presents, answer, given);
        return lastOf(answer[logits.name]!, rows, path);
      };
    },
  };
}

function namesOf(session: Session, path: string, embeds: boolean): Partial<Record<Role, string>> {
  const names: Partial<Record<Role, string>> = {};
  for (const slot of session.inputs) {
    if (isPast(slot)) continue;
    const role = (Object.keys(inputNames) as Role[]).find((one) =>
      (inputNames[one] as readonly string[]).includes(slot.name),
    );
    if (role === undefined)
      throw unsupported(path, `its decoder takes ${slot.name}, which is not known here`);
    names[role] = slot.name;
  }
  if (names.states === undefined)
    throw unsupported(path, 'its decoder is not given what is seen of the picture');
  if (names.tokens === undefined && !embeds) throw unsupported(path, 'its decoder takes no tokens');
  return names;
}

/** `past_key_values.0.decoder.key` is what the last run gave as `present.0.decoder.key`. */
function presentOf({ outputNames }: Session, past: string, path: string): string {
  const rest = past.slice('past_key_values'.length);
  const name = [`present${rest}`, `present_key_values${rest}`].find((one) => outputNames.includes(one));
  if (name === undefined) throw unsupported(path, `its decoder takes ${past} and does not give it`);
  return name;
}

function nothingPast({ name, type, shape }: Slot, rows: number, path: string): HostTensor {
  const [, heads, , width] = shape ?? [];
  if (heads === undefined || width === undefined || heads < 1 || width < 1) {
    throw unsupported(path, `it does not say how large ${name} is`);
  }
  const empty = [rows, heads, 0, width];
  const as = type ?? 'float32';
  return { type: as, shape: empty, data: allocate(as, 0) };
}

/** What is made of the picture does not change; some decoders give an empty one in its place from the second run on. */
function newCache(
  past: readonly Slot[],
  presents: readonly string[],
  answer: Readonly<Record<string, HostTensor>>,
  given: Readonly<Record<string, HostTensor>>,
): ReadonlyMap<string, HostTensor> {
  return new Map(
    past.map(({ name }, at) => {
      const [fresh, before] = [answer[presents[at]!]!, given[name]!];
      const stays = name.includes('.encoder.') && elementCount(before.shape) > 0;
      return [name, stays ? before : fresh];
    }),
  );
}

/** The logits after each row's last token. */
function lastOf(logits: HostTensor, rows: number, path: string): readonly Float32Array[] {
  const numbers = asFloats(logits);
  const words = logits.shape.at(-1)!;
  const length = numbers.length / rows / words;
  return Array.from({ length: rows }, (_, row) => {
    const end = (row + 1) * length * words;
    const last = numbers.subarray(end - words, end);
    if (!last.every(Number.isFinite)) throw unsupported(path, 'what it gives are not all numbers');
    return last;
  });
}
