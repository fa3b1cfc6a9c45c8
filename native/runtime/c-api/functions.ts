/**
 * The functions of ONNX Runtime's C API used here: position in the `OrtApi` table, what they return, what they
 * take. The order of that table is part of the API's promise: it is only ever appended to. From
 * `include/onnxruntime/core/session/onnxruntime_c_api.h` of ONNX Runtime 1.29; all of these are in version 23.
 *
 * A `status` is an `OrtStatus*`, null for success. Handles and memory are `void *`: a BigInt, or for memory a
 * typed array, whose own bytes C then sees.
 */
export const functions = {
  GetErrorCode: [1, 'int', ['void *']],
  GetErrorMessage: [2, 'str', ['void *']],
  CreateEnv: [3, 'status', ['int', 'str', 'void *']],
  CreateSession: [7, 'status', ['void *', 'path', 'void *', 'void *']],
  CreateSessionFromArray: [8, 'status', ['void *', 'void *', 'size_t', 'void *', 'void *']],
  CreateSessionOptions: [10, 'status', ['void *']],
  EnableProfiling: [14, 'status', ['void *', 'path']],
  DisableMemPattern: [17, 'status', ['void *']],
  DisableCpuMemArena: [19, 'status', ['void *']],
  SetSessionLogSeverityLevel: [22, 'status', ['void *', 'int']],
  SetSessionGraphOptimizationLevel: [23, 'status', ['void *', 'int']],
  SetIntraOpNumThreads: [24, 'status', ['void *', 'int']],
  SessionGetInputCount: [30, 'status', ['void *', 'void *']],
  SessionGetOutputCount: [31, 'status', ['void *', 'void *']],
  SessionGetInputTypeInfo: [33, 'status', ['void *', 'size_t', 'void *']],
  SessionGetOutputTypeInfo: [34, 'status', ['void *', 'size_t', 'void *']],
  SessionGetInputName: [36, 'status', ['void *', 'size_t', 'void *', 'void *']],
  SessionGetOutputName: [37, 'status', ['void *', 'size_t', 'void *', 'void *']],
  CreateRunOptions: [39, 'status', ['void *']],
  CreateTensorAsOrtValue: [48, 'status', ['void *', 'void *', 'size_t', 'int', 'void *']],
  CreateTensorWithDataAsOrtValue: [
    49,
    'status',
    ['void *', 'void *', 'size_t', 'void *', 'size_t', 'int', 'void *'],
  ],
  GetTensorMutableData: [51, 'status', ['void *', 'void *']],
  CastTypeInfoToTensorInfo: [55, 'status', ['void *', 'void *']],
  GetTensorElementType: [60, 'status', ['void *', 'void *']],
  GetDimensionsCount: [61, 'status', ['void *', 'void *']],
  GetDimensions: [62, 'status', ['void *', 'void *', 'size_t']],
  GetTensorTypeAndShape: [65, 'status', ['void *', 'void *']],
  CreateMemoryInfo: [68, 'status', ['str', 'int', 'int', 'int', 'void *']],
  CreateCpuMemoryInfo: [69, 'status', ['int', 'int', 'void *']],
  MemoryInfoGetName: [71, 'status', ['void *', 'void *']],
  AllocatorFree: [76, 'status', ['void *', 'void *']],
  GetAllocatorWithDefaultOptions: [78, 'status', ['void *']],
  ReleaseStatus: [93, 'void', ['void *']],
  ReleaseMemoryInfo: [94, 'void', ['void *']],
  ReleaseSession: [95, 'void', ['void *']],
  ReleaseValue: [96, 'void', ['void *']],
  ReleaseRunOptions: [97, 'void', ['void *']],
  ReleaseTypeInfo: [98, 'void', ['void *']],
  ReleaseTensorTypeAndShapeInfo: [99, 'void', ['void *']],
  ReleaseSessionOptions: [100, 'void', ['void *']],
  CreateEnvWithGlobalThreadPools: [119, 'status', ['int', 'str', 'void *', 'void *']],
  DisablePerSessionThreads: [120, 'status', ['void *']],
  CreateThreadingOptions: [121, 'status', ['void *']],
  ReleaseThreadingOptions: [122, 'void', ['void *']],
  GetAvailableProviders: [125, 'status', ['void *', 'void *']],
  ReleaseAvailableProviders: [126, 'status', ['void *', 'int']],
  AddSessionConfigEntry: [130, 'status', ['void *', 'str', 'str']],
  CreateAllocator: [131, 'status', ['void *', 'void *', 'void *']],
  ReleaseAllocator: [132, 'void', ['void *']],
  RunWithBinding: [133, 'status', ['void *', 'void *', 'void *']],
  CreateIoBinding: [134, 'status', ['void *', 'void *']],
  ReleaseIoBinding: [135, 'void', ['void *']],
  BindInput: [136, 'status', ['void *', 'str', 'void *']],
  BindOutput: [137, 'status', ['void *', 'str', 'void *']],
  BindOutputToDevice: [138, 'status', ['void *', 'str', 'void *']],
  GetBoundOutputValues: [140, 'status', ['void *', 'void *', 'void *', 'void *']],
  CreateAndRegisterAllocator: [144, 'status', ['void *', 'void *', 'void *']],
  SetGlobalIntraOpNumThreads: [147, 'status', ['void *', 'int']],
  SetGlobalSpinControl: [149, 'status', ['void *', 'int']],
  ReleaseArenaCfg: [157, 'void', ['void *']],
  CreateArenaCfgV2: [164, 'status', ['strings', 'void *', 'size_t', 'void *']],
  AddRunConfigEntry: [165, 'status', ['void *', 'str', 'str']],
  SynchronizeBoundOutputs: [203, 'status', ['void *']],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, 'status', ['void *', 'void *']],
  CreateCUDAProviderOptions: [205, 'status', ['void *']],
  UpdateCUDAProviderOptions: [206, 'status', ['void *', 'strings', 'strings', 'size_t']],
  ReleaseCUDAProviderOptions: [208, 'void', ['void *']],
  AddExternalInitializers: [210, 'status', ['void *', 'strings', 'void *', 'size_t']],
  SessionOptionsAppendExecutionProvider: [216, 'status', ['void *', 'str', 'strings', 'strings', 'size_t']],
  CreateAndRegisterAllocatorV2: [
    259,
    'status',
    ['void *', 'str', 'void *', 'void *', 'strings', 'strings', 'size_t'],
  ],
  SetDeterministicCompute: [273, 'status', ['void *', 'bool']],
  SessionGetMemoryInfoForInputs: [380, 'status', ['void *', 'void *', 'size_t']],
} as const satisfies Record<
  string,
  readonly [slot: number, result: ResultType, parameters: readonly ParameterType[]]
>;

export type FunctionName = keyof typeof functions;
export type ResultType = 'status' | 'void' | 'int' | 'str';
/** A `path` is text as the system's files are named: wide characters on Windows. */
export type ParameterType = 'void *' | 'int' | 'size_t' | 'bool' | 'str' | 'strings' | 'path';

/** The version of the table that is asked for: `GetApi` gives null where the library is older. */
export const apiVersion = 23;

/**
 * `OrtLoggingLevel`: errors come back as statuses, so they need not be in the log as well. The one warning that matters,
 * contradicting shapes, is made an error.
 */
export const fatalOnly = 4;

/** `GraphOptimizationLevel`: everything. */
export const optimizeAll = 99;
export const optimizeNothing = 0;

/** `OrtAllocatorType` and `OrtMemType`. */
export const deviceAllocator = 0;
export const defaultMemory = 0;
