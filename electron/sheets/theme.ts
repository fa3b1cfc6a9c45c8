import type { TextStyle } from './lettering.ts';

/** Colours and letters of what the studio hands out as a picture: paper, ink and two quieter inks. */
export const paper = '#f7f6f3';
export const hairline = '#e3e0d9';
export const blank = '#efede8';
export const accent = '#c2553a';

export const titleStyle: TextStyle = { size: 30, weight: 600, color: '#1d1b18' };
export const subtitleStyle: TextStyle = { size: 16, weight: 400, color: '#5f5a52' };
export const labelStyle: TextStyle = { size: 16, weight: 500, color: '#1d1b18' };
export const noteStyle: TextStyle = { size: 14, weight: 400, color: '#777168' };
export const footerStyle: TextStyle = { size: 13, weight: 400, color: '#777168' };

/** Distance between baselines, in font sizes. */
export const leading = 1.4;
