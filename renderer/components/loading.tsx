import { Center, Loader } from '@mantine/core';

/** Stands where a screen, or a part of one, will be once its data have come. */
export function Loading({ height = '100%' }: { readonly height?: string | number }) {
  return (
    <Center h={height}>
      <Loader size="sm" role="status" aria-label="Loading" />
    </Center>
  );
}
