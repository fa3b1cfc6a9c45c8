import type { BoundRun, Runtime, Session, SessionOptions, Tensor } from '../runtime/runtime.ts';
import {
  type DeviceTensor,
  formOf,
  graphPrefix,
  type StateKind,
  stateKinds,
  type UpdateRule,
} from './optimizer.ts';
import { buildUpdate, updateScalarNames } from './update-graph.ts';

type Tensors = ReadonlyMap<string, Tensor>;

/** Parameters that are updated one by one, for which one parameter's memory is enough. */
export interface PiecewiseUpdate {
  /** The values of the rule's scalars, for the updates that follow. */
  write(scalars: Readonly<Record<string, number>>): void;
  /** Binds gradients, by the parameter's name. */
  bind(gradients: Tensors): BoundPieces;
  /** Bindings are to be disposed of first. */
  dispose(): Promise<void>;
}

export interface BoundPieces {
  /** Updates these parameters; resolves to the sum of the squares of their gradients, 0 where the rule does not ask for it. */
  update(names: Iterable<string>): Promise<number>;
  dispose(): void;
}

/** What the one parameter of a piece is called. */
const its = 'weight';

/** Whether a rule looks at one parameter at a time but for the norm that gradients are clipped by. */
export function canBePiecewise({ optimizer }: Pick<UpdateRule, 'optimizer'>): boolean {
  return optimizer.acrossAll === undefined;
}

/**
 * Opens an update graph of one parameter for each shape there is, over tensors that the runtime can write in place. Where the rule
 * says that gradients come multiplied, they are multiplied by what `write` says; else each is clipped by its own norm.
 */
export async function openPiecewiseUpdate(
  runtime: Runtime,
  trainable: readonly DeviceTensor[],
  rule: UpdateRule,
  kept: ReadonlyMap<StateKind, Tensors>,
  options: SessionOptions,
): Promise<PiecewiseUpdate> {
  if (!canBePiecewise(rule)) throw new Error(`${rule.optimizer.kind} looks at all parameters at once.`);
  const kinds = stateKinds(rule);
  const sessions = new Map<string, Session>();
  const sessionOf = new Map<string, Session>();
  for (const spec of trainable) {
    const key = JSON.stringify([
      spec.shape,
      spec.kernel,
      spec.isUp,
      kinds.map((kind) => formOf(rule.optimizer, kind, spec)),
    ]);
    let session = sessions.get(key);
    if (!session) {
      session = await runtime.createSession(buildUpdate([{ ...spec, name: its }], rule), options);
      sessions.set(key, session);
    }
    sessionOf.set(spec.name, session);
  }
  const scalars = new Map(
    updateScalarNames(rule).map((name) => [name, runtime.tensor('float32', [])] as const),
  );
  const norm = rule.scalesLoss ? null : runtime.tensor('float32', []);
  const single = new Float32Array(1);

  const bindOne = (name: string, gradient: Tensor): BoundRun => {
    const session = sessionOf.get(name)!;
    const own = kinds.flatMap((kind) => {
      const tensor = kept.get(kind)!.get(name);
      return tensor ? [[graphPrefix(kind) + its, tensor] as const] : [];
    });
    const replaced = new Set(session.outputNames);
    return session.bind(
      { ...Object.fromEntries([...scalars, ...own]), [graphPrefix('gradient') + its]: gradient },
      Object.fromEntries([
        ...(norm ? [['gradient-norm', norm] as const] : []),
        ...own.map(([key, tensor]) => [`new/${key}`, tensor] as const).filter(([key]) => replaced.has(key)),
      ]),
    );
  };
  return {
    write: (values) => {
      for (const [name, tensor] of scalars) tensor.write(single.fill(values[name]!));
    },
    bind: (gradients) => {
      const runs = new Map(
        [...gradients].map(([name, gradient]) => [name, bindOne(name, gradient)] as const),
      );
      return {
        update: async (names) => {
          let squares = 0;
          for (const name of names) {
            await runs.get(name)!.run();
            if (norm) squares += (await norm.read(single))[0]! ** 2;
          }
          return squares;
        },
        dispose: () => {
          for (const run of runs.values()) run.dispose();
        },
      };
    },
    dispose: async () => {
      for (const session of sessions.values()) await session.dispose();
      for (const tensor of scalars.values()) tensor.dispose();
      norm?.dispose();
    },
  };
}
