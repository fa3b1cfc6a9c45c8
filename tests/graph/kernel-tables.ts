/**
 * Which kernels ONNX Runtime's CUDA and DirectML providers have for the operators Screenfold's graphs use at opset 17, of the
 * types it uses: facts taken by hand from docs/OperatorKernels.md of github.com/microsoft/onnxruntime (MIT) at commit
 * 001d12d2623fd411ce0f83d05abb5e82304a3389, the newest at hand: it knows opset 25, as ONNX Runtime 1.30 does, and what is
 * registered for opset 17 is older than both.
 */
import type { DataType } from '../../native/graph/data-type.ts';

export interface Kernel {
  /** Opsets in which the operator has had the form that this kernel is for; `to` null: to this day. */
  readonly from: number;
  readonly to: number | null;
  /** Types by the role that the operator's inputs and outputs have. */
  readonly types: Readonly<Record<string, readonly DataType[]>>;
}

/** Roles of inputs and outputs in order; the last before or after `>` is that of all further ones. */
export const roles: Readonly<Record<string, string>> = {
  Abs: 'T > T',
  Add: 'T T > T',
  AveragePool: 'T > T',
  Cast: 'T1 > T2',
  Clip: 'T > T',
  Concat: 'T > T',
  Conv: 'T > T',
  ConvTranspose: 'T > T',
  Cos: 'T > T',
  Div: 'T > T',
  Equal: 'T > B',
  Erf: 'T > T',
  Exp: 'T > T',
  Expand: 'T int64 > T',
  Gather: 'T Tind > T',
  Gemm: 'T > T',
  Greater: 'T > B',
  Identity: 'T > T',
  LayerNormalization: 'T > T U',
  Less: 'T > B',
  Log: 'T > T',
  MatMul: 'T > T',
  Max: 'T > T',
  Min: 'T > T',
  Mul: 'T > T',
  Neg: 'T > T',
  Pad: 'T int64 T > T',
  Reciprocal: 'T > T',
  ReduceMean: 'T > T',
  ReduceSum: 'T int64 > T',
  ReduceSumSquare: 'T > T',
  Reshape: 'T int64 > T',
  Resize: 'T float32 float32 int64 > T',
  ScatterND: 'T int64 T > T',
  Sigmoid: 'T > T',
  Sin: 'T > T',
  Slice: 'T Tind > T',
  Softmax: 'T > T',
  Split: 'T int64 > T',
  Sqrt: 'T > T',
  Sub: 'T > T',
  Tanh: 'T > T',
  Transpose: 'T > T',
  Where: 'B T > T',
};

const floats: readonly DataType[] = ['float32', 'float16'];
const floatsAndIntegers: readonly DataType[] = [...floats, 'int32', 'int64'];
const numbers: readonly DataType[] = [...floatsAndIntegers, 'uint8'];
const all: readonly DataType[] = [...numbers, 'bool'];
const bool: readonly DataType[] = ['bool'];
const indices: readonly DataType[] = ['int32', 'int64'];

const of = (
  from: number,
  to: number | null,
  T: readonly DataType[],
  others: Kernel['types'] = {},
): Kernel => ({ from, to, types: { T, ...others } });

export const kernelTables: Readonly<Record<'cuda' | 'directml', Readonly<Record<string, Kernel>>>> = {
  cuda: {
    Abs: of(13, null, numbers),
    Add: of(14, null, numbers),
    AveragePool: of(11, 18, floats),
    Cast: of(13, 18, [], { T1: all, T2: all }),
    Clip: of(13, null, [...floats, 'int64', 'uint8']),
    Concat: of(13, null, all),
    Conv: of(11, 21, floats),
    ConvTranspose: of(11, null, floats),
    Cos: of(7, null, floats),
    Div: of(14, null, numbers),
    Equal: of(13, null, [...floatsAndIntegers, 'bool'], { B: bool }),
    Erf: of(13, null, floats),
    Exp: of(13, null, floats),
    Expand: of(13, null, all),
    Gather: of(13, null, all, { Tind: indices }),
    Gemm: of(13, null, floats),
    Greater: of(13, null, floatsAndIntegers, { B: bool }),
    Identity: of(14, 18, all),
    LayerNormalization: of(17, null, floats, { U: ['float32'] }),
    Less: of(13, null, floatsAndIntegers, { B: bool }),
    Log: of(13, null, floats),
    MatMul: of(13, null, floats),
    Max: of(13, null, floatsAndIntegers),
    Min: of(13, null, floatsAndIntegers),
    Mul: of(14, null, numbers),
    Neg: of(13, null, floatsAndIntegers),
    Pad: of(13, 17, [...floats, 'bool']),
    Reciprocal: of(13, null, floats),
    ReduceMean: of(1, 17, [...floats, 'int32']),
    ReduceSum: of(13, null, floatsAndIntegers),
    ReduceSumSquare: of(1, 17, floats),
    Reshape: of(14, 18, all),
    Resize: of(13, 17, [...floats, 'int32', 'uint8']),
    ScatterND: of(16, 17, all),
    Sigmoid: of(13, null, floats),
    Sin: of(7, null, floats),
    Slice: of(13, null, all, { Tind: indices }),
    Softmax: of(13, null, floats),
    Split: of(13, 17, all),
    Sqrt: of(13, null, floats),
    Sub: of(14, null, numbers),
    Tanh: of(13, null, floats),
    Transpose: of(13, 20, all),
    Where: of(16, null, numbers, { B: bool }),
  },
  directml: {
    Abs: of(13, null, floats),
    Add: of(14, null, numbers),
    AveragePool: of(11, 18, floats),
    Cast: of(13, 18, [], { T1: all, T2: all }),
    Clip: of(13, null, numbers),
    Concat: of(13, null, all),
    Conv: of(11, null, floats),
    ConvTranspose: of(11, null, floats),
    Cos: of(7, null, floats),
    Div: of(14, null, numbers),
    Equal: of(13, 18, numbers, { B: bool }),
    Erf: of(13, null, floats),
    Exp: of(13, null, floats),
    Expand: of(13, null, all),
    Gather: of(13, null, all, { Tind: indices }),
    Gemm: of(13, null, floats),
    Greater: of(13, null, numbers, { B: bool }),
    Identity: of(16, 18, all),
    LayerNormalization: of(17, null, floats, { U: ['float32'] }),
    Less: of(13, null, numbers, { B: bool }),
    Log: of(13, null, floats),
    MatMul: of(13, null, floats),
    Max: of(13, null, numbers),
    Min: of(13, null, numbers),
    Mul: of(14, null, numbers),
    Neg: of(13, null, floatsAndIntegers),
    Pad: of(13, 17, all),
    Reciprocal: of(13, null, floats),
    ReduceMean: of(13, 17, floats),
    ReduceSum: of(13, null, floatsAndIntegers),
    ReduceSumSquare: of(13, 17, floatsAndIntegers),
    Reshape: of(14, 18, all),
    Resize: of(13, 17, [...floats, 'uint8']),
    ScatterND: of(16, null, all),
    Sigmoid: of(13, null, floats),
    Sin: of(7, null, floats),
    Slice: of(13, null, all, { Tind: indices }),
    Softmax: of(13, null, floats),
    Split: of(13, 17, all),
    Sqrt: of(13, null, floats),
    Sub: of(14, null, numbers),
    Tanh: of(13, null, floats),
    Transpose: of(13, 20, all),
    Where: of(16, null, all, { B: bool }),
  },
};
