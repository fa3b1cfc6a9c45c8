import { parseArgs, type ParseArgsConfig } from 'node:util';

type FlagsOf<T extends NonNullable<ParseArgsConfig['options']>> = ReturnType<
  typeof parseArgs<{ options: T }>
>['values'];

/** As sysexits.h has it. */
const usageCode = 64;

/** Ends a script that was asked for what it cannot do, in words rather than by a stack of calls. */
export function refuse(message: string): never {
  console.error(message);
  process.exit(usageCode);
}

/** A script's flags. `--help` tells them instead; what is none ends the script with a word on it. */
export function scriptFlags<T extends NonNullable<ParseArgsConfig['options']>>(
  usage: string,
  options: T,
): FlagsOf<T> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs<{ options: T }>({ options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    refuse(`${error.message}\n\n${usage}`);
  }
}
