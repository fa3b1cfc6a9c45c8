/** How a person who began this program would begin it again: by npm in a checkout, else by its own name. */
const own = process.env.npm_lifecycle_event === 'start' ? 'npm start --' : 'screenfold';

/** Commands as they are to be typed here, wherever a text names one. */
export function withTypedCommands(text: string, program = own): string {
  return text.replace(
    /\bscreenfold (?=(?:(?:train|resume|caption|compare|export|generate|get|info|doctor)\b|--help))/g,
    `${program} `,
  );
}
