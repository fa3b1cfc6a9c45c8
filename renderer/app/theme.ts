import {
  Autocomplete,
  createTheme,
  type CSSVariablesResolver,
  Drawer,
  type MantineColorsTuple,
  Modal,
  NativeSelect,
  Notification,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core';

/** Fired clay: the one accent, the same as on exported sheets (shade 6). */
const clay: MantineColorsTuple = [
  '#fcf1ed',
  '#f6dfd7',
  '#ecbcab',
  '#e2977d',
  '#d97756',
  '#d0644a',
  '#c2553a',
  '#a8462d',
  '#8f3a25',
  '#732d1c',
];

/** For what is lost or has failed; white text can be read on shades 6 and 7 (4.5 : 1). */
const red: MantineColorsTuple = [
  '#fdf0f0',
  '#f9dcdc',
  '#f3b8b8',
  '#ec9090',
  '#e56d6d',
  '#dd4a4a',
  '#cf2e2e',
  '#b3261e',
  '#961d1d',
  '#741616',
];

/** Warm greys, as paper and ink; pictures stand on them without a tint of their own. */
const stone: MantineColorsTuple = [
  '#f7f6f3',
  '#efede8',
  '#e3e0d9',
  '#d2cec5',
  '#b3aea4',
  '#8d877c',
  '#6b655b',
  '#524d45',
  '#34302b',
  '#1d1b18',
];

const dark: MantineColorsTuple = [
  '#d9d5cd',
  '#bdb8af',
  '#9f998f',
  '#6f6a62',
  '#45413b',
  '#35322d',
  '#2a2724',
  '#201e1b',
  '#191715',
  '#121110',
];

/** What a field means stands under it, so that fields side by side stand in one line. */
const fieldOrder = {
  inputWrapperOrder: ['label' as const, 'input' as const, 'description' as const, 'error' as const],
};

export const theme = createTheme({
  primaryColor: 'clay',
  primaryShade: { light: 7, dark: 7 },
  colors: { clay, red, gray: stone, dark },
  white: '#ffffff',
  black: '#1d1b18',
  fontFamily: "'Inter', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'Cascadia Mono', 'SF Mono', Menlo, Consolas, monospace",
  headings: { fontFamily: "'Inter', system-ui, sans-serif", fontWeight: '600' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    // The page itself never scrolls, so there is nothing to lock; the lock would be a style without the nonce.
    Modal: Modal.extend({
      defaultProps: { lockScroll: false, closeButtonProps: { 'aria-label': 'Close this dialog' } },
    }),
    Drawer: Drawer.extend({
      defaultProps: { lockScroll: false, closeButtonProps: { 'aria-label': 'Close this dialog' } },
    }),
    Notification: Notification.extend({
      // Not the accent, which is near to red: what has failed says so by its own colour.
      defaultProps: { color: 'gray', closeButtonProps: { 'aria-label': 'Close this notice' } },
    }),
    Autocomplete: Autocomplete.extend({ defaultProps: fieldOrder }),
    NativeSelect: NativeSelect.extend({ defaultProps: fieldOrder }),
    NumberInput: NumberInput.extend({ defaultProps: fieldOrder }),
    PasswordInput: PasswordInput.extend({ defaultProps: fieldOrder }),
    Select: Select.extend({ defaultProps: fieldOrder }),
    TagsInput: TagsInput.extend({ defaultProps: fieldOrder }),
    Textarea: Textarea.extend({ defaultProps: fieldOrder }),
    TextInput: TextInput.extend({ defaultProps: fieldOrder }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { bg: 'var(--sf-well)' } }),
  },
});

/**
 * Surfaces by what lies on them, for both schemes: `canvas` behind everything, `panel` for controls, `well` for
 * pictures, `line` between them, `field-line` around what can be filled in (3 : 1, WCAG 1.4.11); `step-ink` for what is
 * drawn faintly beneath the accent; `quiet` is the second ink and `warning` that of what is most likely not meant (both
 * 4.5 : 1 on canvas and panel, WCAG AA).
 */
export const surfaces: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--sf-canvas': '#f7f6f3',
    '--sf-panel': '#ffffff',
    '--sf-well': '#efede8',
    '--sf-line': '#e3e0d9',
    '--sf-field-line': '#8d877c',
    '--sf-ink': '#1d1b18',
    '--sf-quiet': '#6b655b',
    '--sf-accent': '#a8462d',
    '--sf-step-ink': '#e6c3b5',
    '--sf-warning': '#7f5300',
    '--mantine-color-body': '#f7f6f3',
    '--mantine-color-dimmed': '#6b655b',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-placeholder': '#6b655b',
  },
  dark: {
    '--sf-canvas': '#191715',
    '--sf-panel': '#201e1b',
    '--sf-well': '#121110',
    '--sf-line': '#35322d',
    '--sf-field-line': '#6f6a62',
    '--sf-ink': '#ece8e1',
    '--sf-quiet': '#a8a297',
    '--sf-accent': '#e2977d',
    '--sf-step-ink': '#5d3a2d',
    '--sf-warning': '#e8b457',
    '--mantine-color-body': '#191715',
    '--mantine-color-dimmed': '#a8a297',
    '--mantine-color-error': '#ff9b94',
    '--mantine-color-placeholder': '#a8a297',
  },
});
