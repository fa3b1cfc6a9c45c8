import { Failure } from '../failure.ts';

/**
 * Bits of one element of every type the format's reference implementation (safetensors 0.8) knows. Its writer lays
 * tensors out in the reverse of this order, so that each is aligned.
 */
const bitsPerElement = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type SafetensorsDtype = keyof typeof bitsPerElement;

const dtypeOrder: readonly string[] = Object.keys(bitsPerElement);

/** As the reference implementation: a header is never longer than this. */
export const maxHeaderBytes = 100_000_000;

/** The largest models have some thousands; a file made to keep us busy may have millions. */
const mostTensors = 100_000;

export interface TensorEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** First byte and byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

function isDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && Object.hasOwn(bitsPerElement, value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Bytes a tensor takes, or null where that is no whole number or not exactly representable. */
export function tensorBytes(dtype: SafetensorsDtype, shape: readonly number[]): number | null {
  let elements = 1;
  for (const extent of shape) {
    elements *= extent;
    if (!Number.isSafeInteger(elements)) return null;
  }
  const bits = elements * bitsPerElement[dtype];
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : null;
}

/** The order of the reference implementation's writer: by type, widest first, then by name in code point order. */
export function compareTensors(
  a: { readonly name: string; readonly dtype: SafetensorsDtype },
  b: { readonly name: string; readonly dtype: SafetensorsDtype },
): number {
  return (
    dtypeOrder.indexOf(b.dtype) - dtypeOrder.indexOf(a.dtype) ||
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
  );
}

/** Index of the quote that closes the string opened at `open`, in a valid JSON text. */
function closingQuote(json: string, open: number): number {
  for (let close = open; ;) {
    close = json.indexOf('"', close + 1);
    let backslashes = 0;
    while (json[close - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return close;
  }
}

/** The first key that stands twice in one object of a valid JSON text; `JSON.parse` keeps the last, unasked. */
function duplicateKey(json: string): string | null {
  const scopes: Set<string>[] = [];
  let open = 0;
  let close = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') scopes.push(new Set());
    else if (character === '}') scopes.pop();
    else if (character === '"') {
      open = at;
      close = closingQuote(json, open);
      at = close;
    } else if (character === ':') {
      const key = JSON.parse(json.slice(open, close + 1)) as string;
      const scope = scopes.at(-1);
      if (scope?.has(key)) return key;
      scope?.add(key);
    }
  }
  return null;
}

/**
 * Reads the JSON header of a safetensors file and checks everything it claims: known types, shapes that multiply
 * without overflow, ranges that fit their tensor and together cover the `dataBytes` after the header with no
 * overlap and no hole, no key twice, metadata of strings.
 *
 * @throws Failure `safetensors-header`, `safetensors-truncated`
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const refuse = (what: string, cause?: unknown): Failure =>
    new Failure(
      'safetensors-header',
      `${path} is not a valid safetensors file: ${what}`,
      'Get the file again from where it came from; it is damaged or of another format.',
      cause,
    );
  if (bytes[0] !== 0x7b) throw refuse('its header does not start with {');
  let root: unknown;
  let duplicate: string | null;
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    root = JSON.parse(json);
    if (isRecord(root) && Object.keys(root).length > mostTensors)
      throw refuse(`it has more than ${mostTensors} tensors`);
    duplicate = duplicateKey(json);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw refuse('its header is not JSON', error);
  }
  if (duplicate !== null) throw refuse(`its header has ${JSON.stringify(duplicate)} twice`);
  if (!isRecord(root)) throw refuse('its header is no JSON object');

  const metadata = new Map<string, string>();
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(root)) {
    const quoted = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
    if (!isRecord(value)) throw refuse(`the entry ${quoted} is no JSON object`);
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') throw refuse(`metadata ${JSON.stringify(key)} is not a string`);
        metadata.set(key, text);
      }
      continue;
    }
    tensors.set(
      name,
      parseEntry(value, (what) => refuse(`tensor ${quoted} ${what}`)),
    );
  }

  let position = 0;
  const inOrder = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of inOrder) {
    if (begin !== position) {
      const problem = begin < position ? 'overlaps another' : 'leaves a gap before it';
      throw refuse(`tensor ${JSON.stringify(name)} ${problem}`);
    }
    position = end;
  }
  if (position > dataBytes) {
    throw new Failure(
      'safetensors-truncated',
      `${path} is cut short: it has ${dataBytes} bytes of tensors where its header lists ${position}`,
      'Copy or download the file again.',
    );
  }
  if (position < dataBytes) throw refuse(`${dataBytes - position} bytes at its end belong to no tensor`);
  return { tensors, metadata };
}

function parseEntry(
  entry: Readonly<Record<string, unknown>>,
  refuse: (what: string) => Failure,
): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = entry;
  for (const key of Object.keys(entry)) {
    if (!['dtype', 'shape', 'data_offsets'].includes(key))
      throw refuse(`has an unknown field ${JSON.stringify(key)}`);
  }
  if (!isDtype(dtype)) throw refuse(`has the unknown type ${String(dtype).slice(0, 40)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) throw refuse('has no valid shape');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw refuse('has no valid data_offsets');
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw refuse('ends before it begins');
  const bytes = tensorBytes(dtype, shape);
  if (bytes === null) throw refuse('is larger than any file, or not a whole number of bytes');
  if (bytes !== end - begin) throw refuse(`takes ${end - begin} bytes where its shape takes ${bytes}`);
  return { dtype, shape, begin, end };
}

/**
 * The bytes before the data of a file that holds `tensors` in this order: length, JSON, spaces to a multiple of 8.
 */
export function serializeHeader(
  tensors: readonly {
    readonly name: string;
    readonly dtype: SafetensorsDtype;
    readonly shape: readonly number[];
  }[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) {
    const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    const pairs = sorted.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    fields.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  const names = new Set<string>();
  let position = 0;
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name) || name === '__metadata__') throw new Error(`Tensor name ${name} is taken`);
    names.add(name);
    const bytes = tensorBytes(dtype, shape);
    if (bytes === null) throw new Error(`Tensor ${name} of shape [${shape.join(', ')}] cannot be written`);
    const entry = { dtype, shape, data_offsets: [position, position + bytes] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    position += bytes;
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > maxHeaderBytes)
    throw new Error('Too many tensors or too much metadata for one safetensors file');
  const header = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}
