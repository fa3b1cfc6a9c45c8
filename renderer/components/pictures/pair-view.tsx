import { ActionIcon, Group, SegmentedControl, Slider, Text, Tooltip } from '@mantine/core';
import { IconArrowsLeftRight } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';

import { DifferenceView } from './difference-view.tsx';
import { FittedFrame } from './fitted-frame.tsx';
import { FlipView } from './flip-view.tsx';
import classes from './pair-view.module.css';
import { Picture } from './picture.tsx';
import type { Side } from './side.ts';
import { useZoomArea } from './use-zoom.ts';
import { WipeView } from './wipe-view.tsx';
import type { ZoomStore } from './zoom-store.ts';

const ways = [
  { value: 'wipe', label: 'Wipe' },
  { value: 'sides', label: 'Side by side' },
  { value: 'flip', label: 'Flip' },
  { value: 'difference', label: 'Difference' },
] as const;
type Way = (typeof ways)[number]['value'];

/** Two pictures under one zoom: wiped over each other, side by side, in turn, or what differs between them. */
export function PairView({
  a,
  b,
  zoom,
  before,
  onSwap,
}: {
  a: Side;
  b: Side;
  zoom: ZoomStore;
  /** What stands first on the bar: the way back. */
  before?: ReactNode;
  onSwap: () => void;
}) {
  const [way, setWay] = useState<Way>('wipe');
  const [amplification, setAmplification] = useState(2);
  const area = useZoomArea(zoom, 'always');
  return (
    <div className={classes.pair}>
      <Group className={classes.bar} justify="space-between" gap="md" wrap="nowrap">
        {before}
        <SideName mark="A" side={a} />
        <Group gap="md" wrap="nowrap" justify="center" className={classes.ways}>
          <SegmentedControl
            size="xs"
            aria-label="How the two are compared"
            data={[...ways]}
            value={way}
            onChange={(value) => {
              setWay(value);
            }}
          />
          <Tooltip label="Swap A and B">
            <ActionIcon variant="default" size="md" aria-label="Swap A and B" onClick={onSwap}>
              <IconArrowsLeftRight size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
          {way === 'difference' && (
            <Group gap="xs" wrap="nowrap">
              <Text size="xs" c="dimmed" id="amplification">
                Amplified
              </Text>
              <Slider
                w={120}
                size="sm"
                min={1}
                max={20}
                value={amplification}
                onChange={setAmplification}
                label={null}
                thumbLabel="Amplification"
              />
              <Text size="xs" className="figures" w={28}>
                {amplification}×
              </Text>
            </Group>
          )}
        </Group>
        <SideName mark="B" side={b} end />
      </Group>
      <div className={classes.stage} ref={area}>
        {way === 'wipe' && <WipeView a={a} b={b} zoom={zoom} />}
        {way === 'flip' && <FlipView a={a} b={b} zoom={zoom} />}
        {way === 'difference' && <DifferenceView a={a} b={b} zoom={zoom} amplification={amplification} />}
        {way === 'sides' && (
          <div className={classes.sides}>
            {[a, b].map((side, index) => (
              <FittedFrame key={index} width={side.width} height={side.height} zoom={zoom}>
                {(pixelated) => <Picture address={side.address} alt={side.title} pixelated={pixelated} />}
              </FittedFrame>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

function SideName({ mark, side, end = false }: { mark: string; side: Side; end?: boolean }) {
  return (
    <div className={classes.name} data-end={end || undefined}>
      <span className={classes.mark} aria-hidden>
        {mark}
      </span>
      <div className={classes.words}>
        <Text size="sm" fw={500} truncate>
          {side.title}
        </Text>
        <Text size="xs" c="dimmed" truncate title={side.detail}>
          {side.detail}
        </Text>
      </div>
    </div>
  );
}
