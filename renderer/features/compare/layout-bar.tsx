import { ActionIcon, Button, Group, Menu, Select, Slider, Switch, Tooltip } from '@mantine/core';
import { IconArrowsExchange, IconChevronDown, IconZoomReset } from '@tabler/icons-react';
import { useStore } from 'zustand';

import type { Axis } from '../../../electron/contract/gallery.ts';
import { unzoomed } from '../../components/pictures/zoom.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import { axes, type AxisValue, type Layout, otherAxes, toggleValue } from './axes.ts';
import type { Book } from './book.ts';
import { largestCell, smallestCell } from './cell-size.ts';
import classes from './compare-screen.module.css';
import { canShowHeldOut, type Grid } from './grid.ts';
import type { Command } from './keys.ts';
import { axisNames, valueLabel } from './labels.ts';

/** What spans the grid, where the other axes stand, and how large the pictures are. */
export function LayoutBar({
  book,
  grid,
  layout,
  cellSize,
  zoom,
  onCommand,
  onLayout,
  onStand,
  onCellSize,
}: {
  book: Book;
  grid: Grid;
  layout: Layout;
  cellSize: number | null;
  zoom: ZoomStore;
  onCommand: (command: Command) => void;
  onLayout: (layout: Layout) => void;
  onStand: (axis: Axis, value: AxisValue) => void;
  onCellSize: (size: number | null) => void;
}) {
  return (
    <div className={classes.bar}>
      <Group gap={6} wrap="nowrap">
        <AxisMenu {...{ book, grid, layout, onCommand, onLayout }} direction="columns" />
        <Tooltip label="Swap columns and rows (X)">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Swap columns and rows"
            onClick={() => {
              onCommand({ kind: 'swap' });
            }}
          >
            <IconArrowsExchange size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <AxisMenu {...{ book, grid, layout, onCommand, onLayout }} direction="rows" />
      </Group>
      <OtherAxes {...{ book, grid, layout, onStand }} />
      <Group gap="md" wrap="nowrap" ml="auto">
        {canShowHeldOut(book, layout) && (
          <Switch
            size="xs"
            label="Held-out images"
            checked={layout.heldOut}
            onChange={() => {
              onCommand({ kind: 'held-out' });
            }}
          />
        )}
        <ZoomNote zoom={zoom} />
        <Slider
          w={110}
          size="sm"
          min={smallestCell}
          max={largestCell}
          label={null}
          thumbLabel="Size of the pictures"
          value={cellSize ?? 240}
          onChange={onCellSize}
        />
        <Button
          size="compact-xs"
          variant={cellSize === null ? 'light' : 'subtle'}
          color={cellSize === null ? 'clay' : 'gray'}
          aria-pressed={cellSize === null}
          onClick={() => {
            onCellSize(null);
          }}
        >
          Fit
        </Button>
      </Group>
    </div>
  );
}

/** Where the axes stand that do not span the grid. */
function OtherAxes({
  book,
  grid,
  layout,
  onStand,
}: {
  book: Book;
  grid: Grid;
  layout: Layout;
  onStand: (axis: Axis, value: AxisValue) => void;
}) {
  // A single run is named above already; a single seed is nowhere else.
  const filters = otherAxes(layout).filter(
    (axis) => axis !== 'epoch' && (axis === 'seed' || book.values[axis].length > 1),
  );
  return (
    <Group gap="xs" wrap="nowrap" className={classes.filters}>
      {filters.map((axis) => (
        <Select
          key={axis}
          size="xs"
          w={axis === 'prompt' ? 260 : 150}
          aria-label={axisNames[axis].one}
          disabled={book.values[axis].length < 2}
          allowDeselect={false}
          data={book.values[axis].map((value) => ({
            value: String(value),
            label: valueLabel(book, axis, value, grid.standing).text,
          }))}
          value={String(grid.standing[axis])}
          onChange={(chosen) => {
            const value = book.values[axis].find((one) => String(one) === chosen);
            if (value !== undefined) onStand(axis, value);
          }}
        />
      ))}
    </Group>
  );
}

function ZoomNote({ zoom }: { zoom: ZoomStore }) {
  const scale = useStore(zoom, (now) => now.scale);
  return (
    <Tooltip label={scale === 1 ? 'Zoom with Ctrl and the wheel' : 'Zoom out (0)'}>
      <Button
        size="compact-xs"
        miw={82}
        variant="subtle"
        color="gray"
        className="figures"
        bg="transparent"
        leftSection={<IconZoomReset size={14} aria-hidden />}
        aria-label={`Zoom out, ${Math.round(scale * 100)} %`}
        disabled={scale === 1}
        onClick={() => {
          zoom.setState(unzoomed);
        }}
      >
        {Math.round(scale * 100)} %
      </Button>
    </Tooltip>
  );
}

function AxisMenu({
  book,
  grid,
  layout,
  direction,
  onCommand,
  onLayout,
}: {
  book: Book;
  grid: Grid;
  layout: Layout;
  direction: 'columns' | 'rows';
  onCommand: (command: Command) => void;
  onLayout: (layout: Layout) => void;
}) {
  const axis = layout[direction];
  const word = direction === 'columns' ? 'Columns' : 'Rows';
  const hidden = layout.hidden[axis] ?? [];
  return (
    <Menu position="bottom-start" closeOnItemClick={false} width={260}>
      <Menu.Target>
        <Button
          size="xs"
          variant="default"
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={`${word}: ${axisNames[axis].many}`}
        >
          <span className={classes.dimmed}>{word}</span>&nbsp;{axisNames[axis].many}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{word}</Menu.Label>
        {axes.map((one, index) => (
          <Menu.Item
            key={one}
            role="menuitemradio"
            aria-checked={one === axis}
            closeMenuOnClick
            fw={one === axis ? 600 : undefined}
            rightSection={
              <span className={classes.dimmed}>{direction === 'columns' ? index + 1 : `⇧ ${index + 1}`}</span>
            }
            onClick={() => {
              onCommand({ kind: 'span', direction, axis: one });
            }}
          >
            {axisNames[one].many}
          </Menu.Item>
        ))}
        {book.values[axis].length > 1 && (
          <>
            <Menu.Divider />
            <Menu.Label>Shown</Menu.Label>
            <div className={classes.values}>
              {book.values[axis].map((value) => {
                const shown = !hidden.includes(value);
                return (
                  <Menu.Item
                    key={value}
                    role="menuitemcheckbox"
                    aria-checked={shown}
                    leftSection={<span className={classes.check}>{shown ? '✓' : ''}</span>}
                    onClick={() => {
                      onLayout(toggleValue(layout, axis, value));
                    }}
                  >
                    <span className={classes.oneLine}>
                      {valueLabel(book, axis, value, grid.standing).text}
                    </span>
                  </Menu.Item>
                );
              })}
            </div>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
