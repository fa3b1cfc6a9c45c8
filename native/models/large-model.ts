/**
 * Numbers of weights from which a model may be run in stages, and on the processor is, and updated weight by weight: nobody's memory is
 * too small for those below. ONNX Runtime's own copies of weights that it has packed, and of activations, then count more than what
 * it gains by them.
 */
export const largeModel = 64_000_000;
