import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page alone: `dist/renderer`, which every host serves. */
export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    // Fonts and pictures as files of their own: the content security policy allows no data: fonts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
});
