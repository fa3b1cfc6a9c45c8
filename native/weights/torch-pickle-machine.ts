/** What a pickle works on, one value upon the other, and what may be done to it. All that is not so is refused. */
import type { PickleValue } from './torch-pickle-values.ts';
import { ofKind } from './torch-pickle-values.ts';
import type { TorchRefusals } from './torch-refusals.ts';
import { quoted } from './torch-refusals.ts';

const longestLine = 1000;

export interface PickleHost extends Pick<TorchRefusals, 'unsafe' | 'invalid'> {
  /** What stands for a class or function; undefined for what is not on the list. */
  readonly find: (module: string, name: string) => PickleValue | undefined;
  /** What a persistent id stands for. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

export class PickleMachine {
  readonly bytes: Buffer;
  readonly host: PickleHost;
  readonly memo = new Map<number, PickleValue>();
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  #at = 0;

  constructor(bytes: Buffer, host: PickleHost) {
    this.bytes = bytes;
    this.host = host;
  }

  take(length: number): Buffer {
    if (length > this.bytes.length - this.#at) throw this.host.invalid('has a pickle that is cut short');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** An unsigned integer of up to 8 bytes, of which lengths are made. */
  size(bytes: 1 | 2 | 4 | 8): number {
    const taken = this.take(bytes);
    return bytes === 8 ? Number(taken.readBigUInt64LE(0)) : taken.readUIntLE(0, bytes);
  }

  text(length: number): string {
    return this.take(length).toString('utf8');
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end === -1 || end - this.#at > longestLine)
      throw this.host.invalid('has a pickle with an endless line');
    const line = this.text(end - this.#at);
    this.#at += 1;
    return line;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #underflow(): Error {
    return this.host.invalid('has a pickle that takes more values than it has');
  }

  top(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.#underflow();
    return this.#stack.at(-1)!;
  }

  pop(): PickleValue {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  /** Whether `POP` takes a mark away instead of a value. */
  get atMark(): boolean {
    return this.#stack.length === this.#marks.at(-1);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** All values above the topmost mark, which goes too. */
  popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#underflow();
    return this.#stack.splice(mark);
  }

  popTuple(): readonly PickleValue[] {
    const tuple = ofKind(this.pop(), 'tuple');
    if (tuple === undefined) throw this.host.invalid('has a pickle that calls something with no tuple');
    return tuple.items;
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.host.invalid('has a pickle that recalls what it never kept');
    this.push(value);
  }

  global(module: PickleValue, name: PickleValue): PickleValue {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.host.unsafe('a class by something that is no text');
    const found = this.host.find(module, name);
    if (found === undefined) throw this.host.unsafe(quoted(`${module}.${name}`));
    return found;
  }

  call(callee: PickleValue, args: readonly PickleValue[]): void {
    const callable = ofKind(callee, 'callable');
    if (callable === undefined)
      throw this.host.unsafe('something that is no class or function as one to call');
    this.push(callable.call(args));
  }

  add(target: PickleValue, items: readonly PickleValue[]): void {
    if (Array.isArray(target)) for (const item of items) target.push(item);
    else if (ofKind(target, 'opaque') === undefined)
      throw this.host.invalid('has a pickle that adds to what is no list');
  }

  set(target: PickleValue, items: readonly PickleValue[]): void {
    if (items.length % 2 !== 0) throw this.host.invalid('has a pickle with a key that lacks its value');
    if (target instanceof Map)
      for (let at = 0; at < items.length; at += 2) target.set(items[at]!, items[at + 1]!);
    else if (ofKind(target, 'opaque') === undefined)
      throw this.host.invalid('has a pickle that sets a key of what is no dict');
  }

  /** Attributes of an object. Dicts have none that matter here, and nothing else on the list has any. */
  build(target: PickleValue, state: PickleValue): void {
    const opaque = ofKind(target, 'opaque');
    if (opaque !== undefined) opaque.state = state;
    else if (!(target instanceof Map)) throw this.host.unsafe('a state for what has none (BUILD)');
  }
}
