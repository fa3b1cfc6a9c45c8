import { Badge, Table, Text, VisuallyHidden } from '@mantine/core';

import { durationText, lossText } from '../../../electron/contract/quantities.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { moneyText, rateNumber, rateUnit } from '../../components/quantities.ts';
import { EpochMenu } from './epoch-menu.tsx';
import type { EpochRow } from './epoch-rows.ts';

/** Every epoch with its losses, its time and its cost; a checkpoint can be exported. */
export function EpochTable({
  run,
  rows,
  currency,
}: {
  run: RunDetail;
  rows: readonly EpochRow[];
  currency: string;
}) {
  if (rows.length === 0) {
    return (
      <Text size="sm" c="dimmed" py="lg">
        The first epoch has not ended yet.
      </Text>
    );
  }
  const unit = rateUnit(rows.flatMap(({ imagesPerSecond }) => imagesPerSecond ?? []));
  const isCounted = rows.some(({ cost }) => cost !== null);
  return (
    <Table className="figures" verticalSpacing={6} horizontalSpacing={8} stickyHeader>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={210}>Epoch</Table.Th>
          <Table.Th ta="right">Training loss</Table.Th>
          <Table.Th ta="right">Held-out loss</Table.Th>
          <Table.Th ta="right">Time</Table.Th>
          <Table.Th ta="right">{unit === 'images/s' ? 'Images/s' : 'Seconds per image'}</Table.Th>
          {isCounted && <Table.Th ta="right">Cost</Table.Th>}
          <Table.Th w={48}>
            <VisuallyHidden>Actions</VisuallyHidden>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody style={{ whiteSpace: 'nowrap' }}>
        {rows.map((row) => (
          <Table.Tr key={row.epoch}>
            <Table.Td>
              {row.epoch}
              <Marks {...row} />
            </Table.Td>
            <Table.Td ta="right">{lossText(row.trainLoss)}</Table.Td>
            <Table.Td ta="right">{lossText(row.validationLoss)}</Table.Td>
            <Table.Td ta="right">{row.seconds === null ? '–' : durationText(row.seconds)}</Table.Td>
            <Table.Td ta="right">
              {row.imagesPerSecond === null ? '–' : rateNumber(row.imagesPerSecond, unit)}
            </Table.Td>
            {isCounted && (
              <Table.Td ta="right">{row.cost === null ? '–' : moneyText(row.cost, currency)}</Table.Td>
            )}
            <Table.Td h={38}>{row.hasCheckpoint && <EpochMenu run={run} epoch={row.epoch} />}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const markTexts = { lowest: 'lowest loss', nearest: 'lowest of those kept' } as const;

function Marks({ epoch, hasCheckpoint, mark }: EpochRow) {
  const texts = [
    ...(epoch === 0 ? ['before training'] : []),
    ...(hasCheckpoint ? ['checkpoint'] : []),
    ...(mark === null ? [] : [markTexts[mark]]),
  ];
  if (texts.length === 0) return null;
  return (
    <Badge
      ml={8}
      miw="max-content"
      size="sm"
      variant="light"
      color={mark === 'lowest' ? 'clay' : 'gray'}
      tt="none"
    >
      {texts.join(', ')}
    </Badge>
  );
}
