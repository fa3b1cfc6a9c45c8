/** Screenfold's mark: four pages of a folded book, the last one in colour. */
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <path d="M2 7 L9 4 V25 L2 28 Z" fill="currentColor" opacity="0.35" />
      <path d="M9 4 L16 7 V28 L9 25 Z" fill="currentColor" opacity="0.55" />
      <path d="M16 7 L23 4 V25 L16 28 Z" fill="currentColor" opacity="0.75" />
      <path d="M23 4 L30 7 V28 L23 25 Z" fill="var(--mantine-color-clay-6)" />
    </svg>
  );
}
