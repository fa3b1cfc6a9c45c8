import type { RunRequest } from '../contract/runs.ts';

/** A request with each path that it names put through `map`: to how the library notes it, or back. */
export function withRequestPaths(request: RunRequest, map: (path: string) => string): RunRequest {
  const { method, recipe, prior } = request;
  return {
    ...request,
    ...(method.kind === 'lora' &&
      method.from !== undefined && { method: { ...method, from: map(method.from) } }),
    ...(recipe.embeddings !== undefined && {
      recipe: {
        ...recipe,
        embeddings: recipe.embeddings.map((use) => ({ ...use, file: map(use.file) })),
      },
    }),
    ...(prior?.folder !== undefined && { prior: { ...prior, folder: map(prior.folder) } }),
  };
}
