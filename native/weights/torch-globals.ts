/**
 * The closed list of what a pickle of PyTorch's may name. It holds what AUTOMATIC1111's web UI and `torch.load` with
 * `weights_only` allow, as far as the checkpoints people have need it: the first Stable Diffusion files came straight out
 * of PyTorch Lightning and carry what its callbacks and numpy remember. Nothing on the list is run.
 */
import type { SafetensorsDtype } from './safetensors-header.ts';
import type {
  PickledCallable,
  PickledDtype,
  PickledStorage,
  PickledStorageType,
  PickledTensor,
  PickleValue,
} from './torch-pickle-values.ts';
import { ofKind } from './torch-pickle-values.ts';
import type { TorchRefusals } from './torch-refusals.ts';
import { bytesPerElement } from './torch-view.ts';

const dtypes: Readonly<Record<string, SafetensorsDtype>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e8m0fnu: 'F8_E8M0',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
};

const storages: Readonly<Record<string, SafetensorsDtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
};

/** Of these nothing is kept but their names and states. */
const opaque: Readonly<Record<string, readonly string[]>> = {
  'pytorch_lightning.callbacks': ['model_checkpoint'],
  'pytorch_lightning.callbacks.model_checkpoint': ['ModelCheckpoint'],
  'numpy.core.multiarray': ['scalar', '_reconstruct'],
  'numpy._core.multiarray': ['scalar', '_reconstruct'],
  numpy: ['dtype', 'ndarray'],
  _codecs: ['encode'],
  // Protocol 2 calls the module by its name in Python 2.
  __builtin__: ['set', 'bytearray', 'bytes', 'complex'],
  builtins: ['set', 'bytearray', 'bytes', 'complex'],
  'torch.nn.modules.container': ['ParameterDict'],
  torch: ['Size', 'device'],
  collections: ['Counter'],
};

type Refuse = Pick<TorchRefusals, 'invalid' | 'unsupported'>;

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function counts(value: PickleValue | undefined): readonly number[] | null {
  const items = ofKind(value, 'tuple')?.items;
  return items?.every(isCount) === true ? items : null;
}

/** `_rebuild_tensor(storage, storage_offset, size, stride, …)`, with the type in front or in the storage. */
function rebuildTensor(
  refuse: Refuse,
  [storageValue, offset, size, stride]: readonly PickleValue[],
  dtypeValue?: PickleValue,
): PickledTensor {
  const storage = ofKind(storageValue, 'storage');
  const dtype = dtypeValue === undefined ? storage?.dtype : ofKind(dtypeValue, 'dtype')?.dtype;
  const shape = counts(size);
  const strides = counts(stride);
  if (storage === undefined || dtype === undefined || dtype === null || !isCount(offset))
    throw refuse.invalid('has a tensor that is not made of a storage and a place in it');
  if (shape?.length !== strides?.length || shape === null || strides === null || shape.length > 64)
    throw refuse.invalid('has a tensor with sizes or strides that no tensor can have');
  return { kind: 'tensor', storage, dtype, shape, strides, offset };
}

/** Views that PyTorch keeps as a note on the tensor and applies when it is read: conjugated, negated. */
function refuseNotes(refuse: Refuse, notes: PickleValue | undefined): void {
  if (notes instanceof Map && [...notes.values()].some((value) => value !== false))
    throw refuse.unsupported('has a tensor that is kept conjugated or negated, which cannot be read');
}

function rebuilds(refuse: Refuse): ReadonlyMap<string, PickledCallable['call']> {
  const parameter = ([data]: readonly PickleValue[]): PickledTensor => {
    const tensor = ofKind(data, 'tensor');
    if (tensor === undefined) throw refuse.invalid('has a parameter that is no tensor');
    return tensor;
  };
  return new Map<string, PickledCallable['call']>([
    ['_rebuild_tensor', (args) => rebuildTensor(refuse, args)],
    [
      '_rebuild_tensor_v2',
      (args) => {
        refuseNotes(refuse, args[6]);
        return rebuildTensor(refuse, args);
      },
    ],
    [
      '_rebuild_tensor_v3',
      (args) => {
        refuseNotes(refuse, args[7]);
        return rebuildTensor(refuse, args, args[6] ?? null);
      },
    ],
    ['_rebuild_parameter', parameter],
    ['_rebuild_parameter_with_state', parameter],
  ]);
}

/** `_rebuild_from_type_v2(function, type, arguments, state)`: a tensor with attributes, made by a function of the list. */
function rebuildFromType(
  refuse: Refuse,
  functions: ReadonlySet<PickleValue>,
  [callee, , args]: readonly PickleValue[],
): PickleValue {
  const tuple = ofKind(args, 'tuple');
  const callable = ofKind(callee, 'callable');
  if (callable === undefined || !functions.has(callable) || tuple === undefined)
    throw refuse.invalid('has a tensor that is made by what makes no tensors');
  return callable.call(tuple.items);
}

/** Looks a class or function up by module and name: what stands for it, undefined for what is not on the list. */
export function torchGlobals(refuse: Refuse): (module: string, name: string) => PickleValue | undefined {
  const modules = new Map<string, Map<string, PickleValue>>();
  const put = (module: string, name: string, value: PickleValue): void => {
    const names = modules.get(module) ?? new Map<string, PickleValue>();
    modules.set(module, names.set(name, value));
  };
  const callable = (module: string, name: string, call: PickledCallable['call']): PickledCallable => ({
    kind: 'callable',
    name: `${module}.${name}`,
    call,
  });
  for (const [module, names] of Object.entries(opaque))
    for (const name of names)
      put(
        module,
        name,
        callable(module, name, () => ({ kind: 'opaque', name: `${module}.${name}`, state: null })),
      );
  for (const [name, dtype] of Object.entries(dtypes))
    put('torch', name, { kind: 'dtype', dtype } satisfies PickledDtype);
  for (const [name, dtype] of Object.entries(storages))
    put('torch', name, { kind: 'storage-type', dtype } satisfies PickledStorageType);
  put('torch.storage', 'UntypedStorage', { kind: 'storage-type', dtype: null });
  put(
    'collections',
    'OrderedDict',
    callable('collections', 'OrderedDict', (args) => {
      if (args.length > 0) throw refuse.invalid('has an OrderedDict that is made in an unusual way');
      return new Map();
    }),
  );
  const functions = new Set<PickleValue>();
  for (const [name, call] of rebuilds(refuse)) {
    const own = callable('torch._utils', name, call);
    functions.add(own);
    put('torch._utils', name, own);
  }
  // What a tensor with attributes is of. Called, they would make one that is not known here and must not be lost.
  for (const [module, name] of [
    ['torch', 'Tensor'],
    ['torch.nn.parameter', 'Parameter'],
  ] as const) {
    const unusual = callable(module, name, () => {
      throw refuse.invalid(`has a ${name} that is made in an unusual way`);
    });
    put(module, name, unusual);
  }
  put(
    'torch._tensor',
    '_rebuild_from_type_v2',
    callable('torch._tensor', '_rebuild_from_type_v2', (args) => rebuildFromType(refuse, functions, args)),
  );
  return (module, name) => modules.get(module)?.get(name);
}

/** What a persistent id of `torch.save` names: `('storage', type, key, device, elements)`. */
export function torchStorage(refuse: Refuse, id: PickleValue): PickledStorage {
  const [word, type, key, , elements] = ofKind(id, 'tuple')?.items ?? [];
  const storageType = ofKind(type, 'storage-type');
  if (word !== 'storage' || storageType === undefined || typeof key !== 'string' || !isCount(elements))
    throw refuse.invalid('has something else where its pickle refers to a storage');
  const { dtype } = storageType;
  const bytes = elements * (dtype === null ? 1 : bytesPerElement(dtype));
  return { kind: 'storage', key, dtype, bytes };
}
