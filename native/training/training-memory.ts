import { bytesPerElement, elementCount } from '../graph/data-type.ts';
import { planBuffers } from '../stages/buffers.ts';
import { bytesOf, workspaceBytes } from '../stages/workspace.ts';
import type { TrainingArtifacts } from './artifacts.ts';

/** What a training step takes of memory, in bytes. */
export interface TrainingMemory {
  /** Of all weights that the graph reads, trained or not. */
  readonly weights: number;
  /** Gradients of what is trained; twice where they are accumulated. */
  readonly gradients: number;
  /** What the optimizer keeps, and the moving average. */
  readonly state: number;
  /** What is kept of the forward pass until its gradient is taken. */
  readonly activations: number;
  /** The most that a module needs while it runs; nothing of its own where all is kept. */
  readonly workspace: number;
}

export interface StepSize {
  /** Bytes for every trained number besides weight and gradient. */
  readonly stateBytes: number;
  readonly accumulate: boolean;
}

/**
 * ONNX Runtime goes back from the outputs rather than in the order of the graph, and so has more alive at a time than that
 * order needs: measured at full size, where 6.4 GiB would do, it took 11.6.
 */
const orderFactor = 1.8;

export function trainingMemory(
  artifacts: TrainingArtifacts,
  { stateBytes, accumulate }: StepSize,
): TrainingMemory {
  const numbers = (parameters: TrainingArtifacts['trainable']): number =>
    parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const trained = numbers(artifacts.trainable);
  const held = [...artifacts.trainable, ...artifacts.frozen].reduce(
    (sum, { shape, type }) => sum + elementCount(shape) * bytesPerElement[type],
    0,
  );
  const fixed = {
    weights: held,
    gradients: trained * bytesPerElement.float32 * (accumulate ? 2 : 1),
    state: trained * stateBytes,
  };
  const { graph, staged, loss, gradients } = artifacts.differentiated;
  if (!staged) {
    const whole = { nodes: graph.nodes, inputs: graph.inputs, outputs: [loss, ...gradients.values()] };
    return { ...fixed, activations: orderFactor * workspaceBytes(whole), workspace: 0 };
  }
  const stages = [...staged.forward, ...staged.backward];
  const { places } = planBuffers(stages, new Set([loss, ...gradients.values()]));
  return {
    ...fixed,
    activations: places.reduce((sum, place) => sum + bytesOf(place), 0),
    workspace: Math.max(...stages.map(workspaceBytes)),
  };
}

export function totalBytes({ weights, gradients, state, activations, workspace }: TrainingMemory): number {
  return weights + gradients + state + activations + workspace;
}
