import { Chip, Group, Stack, Text } from '@mantine/core';

import { type DataShare, shareCount } from '../../../electron/contract/data-share.ts';
import { NumberField } from '../../components/number-field.tsx';
import { countOf } from '../../components/quantities.ts';
import { useRequestForm } from './request-form.ts';

const usualShares: readonly { readonly share: DataShare; readonly label: string }[] = [
  { share: 'all', label: 'All' },
  { share: 0.5, label: 'Half' },
  { share: 0.25, label: 'A quarter' },
];
const isUsual = (share: DataShare) => usualShares.some((usual) => usual.share === share);

/** How many of the images, by parts or by number; several make as many runs, whose pictures compare in one grid. */
export function ShareFields({ training }: { training: number | null }) {
  const { request, edit, message } = useRequestForm();
  const { shares } = request;
  const own = shares.find((share) => !isUsual(share));
  const choose = (chosen: readonly DataShare[]) => {
    // Nothing chosen means what most runs are trained on.
    edit({ shares: chosen.length === 0 ? ['all'] : chosen });
  };
  const error = message('shares') ?? message(`shares.${own === undefined ? 0 : shares.indexOf(own)}`);
  return (
    <Stack gap={6}>
      <Text size="xs" fw={600} c="dimmed">
        Train on
      </Text>
      <Group gap={8} align="flex-start">
        <Chip.Group
          multiple
          value={shares.filter(isUsual).map(String)}
          onChange={(values) => {
            const usual = usualShares
              .map(({ share }) => share)
              .filter((share) => values.includes(String(share)));
            choose(own === undefined ? usual : [...usual, own]);
          }}
        >
          <Group gap={8} mih={30}>
            {usualShares.map(({ share, label }) => (
              <Chip key={label} size="xs" value={String(share)}>
                {training === null || share === 'all' ? label : `${label}, ${shareCount(share, training)}`}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <NumberField
          label="Or this many images"
          hidesLabel
          size="xs"
          width={130}
          placeholder="count"
          unit="images"
          min={1}
          optional
          value={typeof own === 'number' ? own : undefined}
          error={error}
          onChange={(count) => {
            const usual = shares.filter(isUsual);
            choose(
              count === undefined ? usual : [...(own === undefined && isOnlyAll(usual) ? [] : usual), count],
            );
          }}
        />
      </Group>
      {(shares.length > 1 || shares[0] !== 'all') && (
        <Text size="xs" c="dimmed" role="status">
          {shares.length > 1
            ? `${countOf(shares.length, 'run')}, one for each. A smaller share is part of a larger one.`
            : 'Chosen by the training seed. Held-out images stay held out.'}
        </Text>
      )}
    </Stack>
  );
}

/** Who types a number wants that many, and not all of them as well. */
const isOnlyAll = (shares: readonly DataShare[]) => shares.length === 1 && shares[0] === 'all';
