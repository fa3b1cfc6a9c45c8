import { Switch } from '@mantine/core';

import { useStudioQuery } from '../../studio/studio.tsx';
import classes from './advanced-section.module.css';
import { useRequestForm } from './request-form.ts';

/** TF32, where an NVIDIA GPU is computed on. */
export function ShortenedNumbers() {
  const { request, edit } = useRequestForm();
  const { data: status } = useStudioQuery('gpu.status', {});
  const onCuda =
    request.provider === 'cuda' || (request.provider === null && (status?.gpus?.length ?? 0) > 0);
  if (!onCuda && !request.tf32) return null;
  return (
    <Switch
      className={classes.row}
      size="sm"
      label="Shortened numbers (TF32)"
      description="An NVIDIA GPU multiplies faster, with three digits instead of seven; results differ a little."
      checked={request.tf32}
      onChange={(event) => {
        edit({ tf32: event.currentTarget.checked });
      }}
    />
  );
}
