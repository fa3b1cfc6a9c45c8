/**
 * Reads a pickle (Python's `pickle` module, protocols 2 to 5) of PyTorch's without running anything: a closed list of
 * instructions, and whatever they name is asked of a closed list before anything is made of it.
 */
import type { PickleHost } from './torch-pickle-machine.ts';
import { PickleMachine } from './torch-pickle-machine.ts';
import type { PickleValue } from './torch-pickle-values.ts';
import { quoted } from './torch-refusals.ts';

/** A checkpoint of Stable Diffusion with its optimizer takes about 200 000, and each makes a small object at most. */
const mostSteps = 1_000_000;
const longestInteger = 255;

/** Python's integers, as many bytes as they need, little-endian, two's complement. */
function integer(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0;
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function longInteger(machine: PickleMachine, length: number): number | bigint {
  if (length > longestInteger) throw machine.host.invalid('has a pickle with an integer of absurd length');
  return integer(machine.take(length));
}

type Instruction = (machine: PickleMachine) => void;

const code = (character: string): number => character.charCodeAt(0);

const pushes = (make: (machine: PickleMachine) => PickleValue): Instruction => {
  return (machine) => {
    machine.push(make(machine));
  };
};

const tupleOf = (count: number): Instruction =>
  pushes((machine) => ({
    kind: 'tuple',
    items: Array.from({ length: count }, () => machine.pop()).reverse(),
  }));

/** Named as in Python's pickletools. */
const plainValues: readonly (readonly [number, Instruction])[] = [
  [code('N'), pushes(() => null)], // NONE
  [0x88, pushes(() => true)], // NEWTRUE
  [0x89, pushes(() => false)], // NEWFALSE
  [code('J'), pushes((machine) => machine.take(4).readInt32LE(0))], // BININT
  [code('K'), pushes((machine) => machine.size(1))], // BININT1
  [code('M'), pushes((machine) => machine.size(2))], // BININT2
  [0x8a, pushes((machine) => longInteger(machine, machine.size(1)))], // LONG1
  [0x8b, pushes((machine) => longInteger(machine, machine.size(4)))], // LONG4
  [code('G'), pushes((machine) => machine.take(8).readDoubleBE(0))], // BINFLOAT
  [code('C'), pushes((machine) => machine.take(machine.size(1)))], // SHORT_BINBYTES
  [code('B'), pushes((machine) => machine.take(machine.size(4)))], // BINBYTES
  [0x8e, pushes((machine) => machine.take(machine.size(8)))], // BINBYTES8
  [0x96, pushes((machine) => machine.take(machine.size(8)))], // BYTEARRAY8
  [0x8c, pushes((machine) => machine.text(machine.size(1)))], // SHORT_BINUNICODE
  [code('X'), pushes((machine) => machine.text(machine.size(4)))], // BINUNICODE
  [0x8d, pushes((machine) => machine.text(machine.size(8)))], // BINUNICODE8
];

const collections: readonly (readonly [number, Instruction])[] = [
  [code(')'), tupleOf(0)], // EMPTY_TUPLE
  [0x85, tupleOf(1)], // TUPLE1
  [0x86, tupleOf(2)], // TUPLE2
  [0x87, tupleOf(3)], // TUPLE3
  [code('t'), pushes((machine) => ({ kind: 'tuple', items: machine.popMark() }))], // TUPLE
  [code(']'), pushes(() => [])], // EMPTY_LIST
  [code('}'), pushes(() => new Map())], // EMPTY_DICT
  [0x8f, pushes(() => ({ kind: 'opaque', name: 'set', state: null }))], // EMPTY_SET
  [
    0x91, // FROZENSET
    pushes((machine) => {
      machine.popMark();
      return { kind: 'opaque', name: 'frozenset', state: null };
    }),
  ],
  [
    code('a'), // APPEND
    (machine) => {
      const item = machine.pop();
      machine.add(machine.top(), [item]);
    },
  ],
  ...[code('e'), 0x90].map((byte): readonly [number, Instruction] => [
    byte, // APPENDS, ADDITEMS
    (machine) => {
      const items = machine.popMark();
      machine.add(machine.top(), items);
    },
  ]),
  [
    code('s'), // SETITEM
    (machine) => {
      const value = machine.pop();
      const key = machine.pop();
      machine.set(machine.top(), [key, value]);
    },
  ],
  [
    code('u'), // SETITEMS
    (machine) => {
      const items = machine.popMark();
      machine.set(machine.top(), items);
    },
  ],
];

const stackAndMemo: readonly (readonly [number, Instruction])[] = [
  [
    code('('), // MARK
    (machine) => {
      machine.mark();
    },
  ],
  [
    code('0'), // POP
    (machine) => {
      if (machine.atMark) machine.popMark();
      else machine.pop();
    },
  ],
  [
    code('1'), // POP_MARK
    (machine) => {
      machine.popMark();
    },
  ],
  ...([1, 4] as const).map((width): readonly [number, Instruction] => [
    code(width === 1 ? 'q' : 'r'), // BINPUT, LONG_BINPUT
    (machine) => {
      machine.memo.set(machine.size(width), machine.top());
    },
  ]),
  [
    0x94, // MEMOIZE
    (machine) => {
      machine.memo.set(machine.memo.size, machine.top());
    },
  ],
  ...([1, 4] as const).map((width): readonly [number, Instruction] => [
    code(width === 1 ? 'h' : 'j'), // BINGET, LONG_BINGET
    (machine) => {
      machine.recall(machine.size(width));
    },
  ]),
  [
    0x95, // FRAME
    (machine) => {
      machine.size(8);
    },
  ],
];

const namesAndCalls: readonly (readonly [number, Instruction])[] = [
  [code('c'), pushes((machine) => machine.global(machine.line(), machine.line()))], // GLOBAL
  [
    0x93, // STACK_GLOBAL
    pushes((machine) => {
      const name = machine.pop();
      return machine.global(machine.pop(), name);
    }),
  ],
  [code('Q'), pushes((machine) => machine.host.persistent(machine.pop()))], // BINPERSID
  ...[code('R'), 0x81].map((byte): readonly [number, Instruction] => [
    byte, // REDUCE, NEWOBJ
    (machine) => {
      const args = machine.popTuple();
      machine.call(machine.pop(), args);
    },
  ]),
  [
    code('b'), // BUILD
    (machine) => {
      const state = machine.pop();
      machine.build(machine.top(), state);
    },
  ],
];

const instructions = new Map([...plainValues, ...collections, ...stackAndMemo, ...namesAndCalls]);

/** What pickles may have besides and PyTorch never writes, by pickletools' names. */
const refused: Readonly<Record<string, string>> = {
  I: 'INT',
  L: 'LONG',
  F: 'FLOAT',
  S: 'STRING',
  T: 'BINSTRING',
  U: 'SHORT_BINSTRING',
  V: 'UNICODE',
  l: 'LIST',
  d: 'DICT',
  '2': 'DUP',
  p: 'PUT',
  g: 'GET',
  P: 'PERSID',
  o: 'OBJ',
  '\x82': 'EXT1',
  '\x83': 'EXT2',
  '\x84': 'EXT4',
  '\x92': 'NEWOBJ_EX',
  '\x97': 'NEXT_BUFFER',
  '\x98': 'READONLY_BUFFER',
};

function refuse(machine: PickleMachine, byte: number): Error {
  if (byte === code('i')) {
    const [module, name] = [machine.line(), machine.line()];
    return machine.host.unsafe(`${quoted(`${module}.${name}`)} as something to make (INST)`);
  }
  const name = refused[String.fromCharCode(byte)];
  if (name !== undefined) return machine.host.unsafe(`the pickle instruction ${name}`);
  return machine.host.invalid(`has a pickle with an instruction that does not exist (${byte})`);
}

/**
 * The value a pickle holds. Memory is bounded by its length: every instruction makes one object at most.
 *
 * @throws Failure as `host` makes them
 */
export function readPickle(bytes: Uint8Array, host: PickleHost): PickleValue {
  const machine = new PickleMachine(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), host);
  if (machine.size(1) !== 0x80) throw host.invalid('has no pickle of protocol 2 to 5');
  const protocol = machine.size(1);
  if (protocol < 2 || protocol > 5) throw host.invalid(`has a pickle of protocol ${protocol}, not 2 to 5`);
  for (let step = 0; step < mostSteps; step++) {
    const byte = machine.size(1);
    if (byte === code('.')) return machine.pop();
    const instruction = instructions.get(byte);
    if (instruction === undefined) throw refuse(machine, byte);
    instruction(machine);
  }
  throw host.invalid('has a pickle with more parts than any model has');
}
