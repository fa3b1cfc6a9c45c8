import { allocate, type DataArray, type DataType, elementCount } from '../graph/data-type.ts';
import type { Slot, TensorMap } from './runtime.ts';

/** Throws where the tensors bound are not every input, by name, type and shape, and some of the outputs. */
export function checkBinding(
  inputSlots: readonly Slot[],
  outputSlots: readonly Slot[],
  inputs: TensorMap,
  outputs: TensorMap,
): void {
  for (const { name } of inputSlots) {
    if (!(name in inputs)) throw new Error(`The graph's input ${name} was given no tensor.`);
  }
  checkSlots('input', inputSlots, inputs);
  checkSlots('output', outputSlots, outputs);
}

function checkSlots(kind: 'input' | 'output', slots: readonly Slot[], tensors: TensorMap): void {
  const known = new Map(slots.map((slot) => [slot.name, slot]));
  for (const [name, tensor] of Object.entries(tensors)) {
    const slot = known.get(name);
    if (!slot) {
      const names = slots.map((other) => other.name);
      const some =
        names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
      throw new Error(`The graph has no ${kind} ${name}; it has ${some}.`);
    }
    if (slot.type !== tensor.type) {
      throw new Error(
        `The ${kind} ${name} is ${slot.type ?? 'of an unknown type'}, the tensor is ${tensor.type}.`,
      );
    }
    if (!fits(slot.shape, tensor.shape)) {
      throw new Error(
        `The ${kind} ${name} has the shape [${slot.shape?.join(', ') ?? ''}], the tensor [${tensor.shape.join(', ')}].`,
      );
    }
  }
}

function fits(wanted: readonly number[] | null, shape: readonly number[]): boolean {
  if (wanted === null) return true;
  return wanted.length === shape.length && wanted.every((extent, i) => extent < 0 || extent === shape[i]);
}

/** Throws where a shape is none. */
export function checkShape(shape: readonly number[]): void {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new Error(`A tensor can't have the shape [${shape.join(', ')}].`);
  }
}

/** `data` itself where it holds a tensor of this type and shape, zeros where it is left out; throws else. */
export function tensorData(type: DataType, shape: readonly number[], data: DataArray | undefined): DataArray {
  checkShape(shape);
  if (data === undefined) return allocate(type, elementCount(shape));
  checkData(type, shape, data);
  return data;
}

/** Throws where `data` is not an array of this type with as many elements as the shape has. */
export function checkData(type: DataType, shape: readonly number[], data: DataArray): void {
  const { constructor } = allocate(type, 0);
  if (data.constructor !== constructor) {
    throw new Error(
      `A ${type} tensor's elements are held in a ${constructor.name}, not a ${data.constructor.name}.`,
    );
  }
  if (data.length !== elementCount(shape)) {
    throw new Error(
      `A tensor of shape [${shape.join(', ')}] has ${elementCount(shape)} elements, the array ${data.length}.`,
    );
  }
}
